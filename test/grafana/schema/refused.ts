// SPDX-License-Identifier: Apache-2.0
// What the types must refuse: without an error on the line after each remark there is one here.
import type { Dashboard, Panel } from './dashboard.js';

type Fields = Panel['fieldConfig']['defaults'];

// @ts-expect-error: not a way to choose colours
export const color: Fields = { color: { mode: 'rainbow' } };

// @ts-expect-error: not a field of a dashboard
export const dashboard: Dashboard = { schemaVersion: 39, panels: [], colour: 'red' };

type Stat = Extract<Panel, { type: 'stat' }>;
export const options: Stat['options'] = {
  colorMode: 'value',
  // @ts-expect-error: not a graph that a stat panel can draw
  graphMode: 'circle',
  justifyMode: 'auto',
  orientation: 'auto',
  percentChangeColorMode: 'standard',
  reduceOptions: { calcs: ['lastNotNull'] },
  showPercentChange: false,
  textMode: 'value',
  wideLayout: true,
};

type Table = Extract<Panel, { type: 'table' }>;
type Override = Table['fieldConfig']['overrides'][number]['properties'][number];
export const width: Override = { id: 'custom.width', value: 80 };
// @ts-expect-error: a width is a number
export const wide: Override = { id: 'custom.width', value: 'wide' };
// @ts-expect-error: a table has no such property
export const style: Override = { id: 'custom.drawStyle', value: 'line' };
