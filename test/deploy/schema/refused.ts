// SPDX-License-Identifier: Apache-2.0
// The check is worth something only if the types refuse what Kubernetes does not know.
import { type ISecurityContext } from 'kubernetes-models/v1/SecurityContext';

// @ts-expect-error: it is written readOnlyRootFilesystem
export const misspelt: ISecurityContext = { readOnlyRootFileSystem: true };
// @ts-expect-error: names of capabilities are text
export const wrong: ISecurityContext = { capabilities: { add: [39] } };
