// What a dashboard's JSON has to be, after Grafana's own types: each panel with the options of its kind.
import type { AnnotationQuery, Dashboard, FieldConfigSource, GraphFieldConfig, Panel, RowPanel } from '@grafana/schema';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as history from '@grafana/schema/dist/esm/raw/composable/statushistory/panelcfg/x/StatusHistoryPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// On the wire an enum is its value.
type Wire<T> = unknown extends T ? T
  : T extends string ? `${T}`
  : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer U)[] ? Wire<U>[]
  : T extends object ? { [K in keyof T]: Wire<T[K]> }
  : T;

interface Target {
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  editorMode: 'code';
  expr: string;
  format: 'time_series' | 'table' | 'heatmap';
  instant: boolean;
  legendFormat: string;
  range: boolean;
  refId: string;
}

type Of<Kind extends string, Options, Custom> =
  Omit<Wire<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'>
  & { type: Kind; options: Wire<Options>; targets: Target[]; fieldConfig: Config<Custom> };

type Config<Custom> = Omit<Wire<FieldConfigSource>, 'defaults'>
  & { defaults: Omit<Wire<FieldConfigSource>['defaults'], 'custom'> & { custom: Wire<Partial<Custom>> } };

type AnyPanel =
  | Of<'bargauge', bargauge.Options, {}>
  | Of<'heatmap', heatmap.Options, heatmap.FieldConfig>
  | Of<'stat', stat.Options, {}>
  | Of<'state-timeline', timeline.Options, timeline.FieldConfig>
  | Of<'status-history', history.Options, history.FieldConfig>
  | Of<'table', table.Options, table.FieldConfig>
  | Of<'timeseries', timeseries.Options, GraphFieldConfig>;

type Row = Omit<Wire<RowPanel>, 'panels'> & { panels: AnyPanel[] };

// What the Prometheus data source reads of an annotation beside what all have.
interface Events {
  expr?: string;
  step?: string;
  tagKeys?: string;
  textFormat?: string;
  titleFormat?: string;
  useValueForTime?: 'on' | 'off';
}

export type File = Omit<Wire<Dashboard>, 'annotations' | 'panels'> & {
  annotations: { list: (Wire<AnnotationQuery> & Events)[] };
  panels: (AnyPanel | Row)[];
};
