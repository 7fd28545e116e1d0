// SPDX-License-Identifier: Apache-2.0
// The dashboards' types: what Grafana publishes, put together so that the kind of a panel decides
// which options it may have.
import type * as schema from '@grafana/schema';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as piechart from '@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as statetimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has the values of enums, not their names.
type Plain<T> = T extends string
  ? `${T}`
  : T extends ReadonlyArray<infer Element>
    ? Array<Plain<Element>>
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

// The schema has no type of its own for a query to Prometheus.
interface Query extends Plain<schema.DataQuery> {
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  expr: string;
  format?: 'table';
  instant: boolean;
  range: boolean;
  legendFormat?: string;
}

interface DataLink {
  title: string;
  url: string;
}

type Properties<Fields> = { [Key in keyof Fields & string]-?: { id: Key; value: Fields[Key] } }[
  keyof Fields & string];
type CustomProperties<Custom> = {
  [Key in keyof Custom & string]-?: { id: `custom.${Key}`; value: Custom[Key] }
}[keyof Custom & string];

type Fields = Omit<Plain<schema.FieldConfig>, 'custom' | 'links'> & { links?: DataLink[] };

interface FieldConfig<Custom> {
  defaults: Fields & { custom?: Custom };
  overrides: Array<{
    matcher: { id: 'byName' | 'byFrameRefID'; options: string };
    properties: Array<Properties<Fields> | CustomProperties<Custom>>;
  }>;
}

type Transformation =
  | { id: 'merge'; options: Record<string, never> }
  | {
      id: 'organize';
      options: {
        excludeByName: Record<string, boolean>;
        indexByName: Record<string, number>;
        renameByName: Record<string, string>;
      };
    };

type Common = Omit<
  Plain<schema.Panel>,
  'type' | 'options' | 'fieldConfig' | 'targets' | 'title' | 'description' | 'transformations'
> & { title: string; description: string; targets: Query[]; transformations?: Transformation[] };

type Of<Type extends string, Options, Custom> = Common & {
  type: Type;
  options: Plain<Options>;
  fieldConfig: FieldConfig<Plain<Custom>>;
};

export type Panel =
  | Of<'bargauge', bargauge.Options, Record<string, never>>
  | Of<'piechart', piechart.Options, Partial<piechart.FieldConfig>>
  | Of<'stat', stat.Options, Record<string, never>>
  | Of<'state-timeline', statetimeline.Options, Partial<statetimeline.FieldConfig>>
  | Of<'table', table.Options, Partial<table.FieldConfig>>
  | Of<'timeseries', timeseries.Options, Partial<timeseries.FieldConfig>>;

export type Row = Omit<Plain<schema.RowPanel>, 'panels'> & { panels: [] };

export type Dashboard = Omit<Plain<schema.Dashboard>, 'panels'> & { panels: Array<Panel | Row> };
