type Visitors = Readonly<Record<string, (node: { source?: { value: unknown } }) => void>>;
type Context = {
  readonly filename: string;
  readonly report: (finding: { message: string }) => void;
};

declare const plugin: {
  readonly meta: { readonly name: string };
  readonly rules: { readonly direction: { readonly create: (context: Context) => Visitors } };
};
export default plugin;
