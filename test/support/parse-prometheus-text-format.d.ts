/** What the parser answers with; it has no types of its own. */
declare module 'parse-prometheus-text-format' {
  type Sample = {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value?: string;
    readonly buckets?: Readonly<Record<string, string>>;
    readonly count?: string;
    readonly sum?: string;
  };
  type Family = {
    readonly name: string;
    readonly help: string;
    readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'SUMMARY' | 'UNTYPED';
    readonly metrics: readonly Sample[];
  };
  export default function parse(text: string): readonly Family[];
}
