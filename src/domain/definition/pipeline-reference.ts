/** How requests and steps name a pipeline: `digest` is its newest version, `digest@3` that version. */
export type PipelineReference = { readonly name: string; readonly version: number | null };

/** What is no `name@number` is taken for a name as it stands. */
export function parsePipelineReference(reference: string): PipelineReference {
  const [, name, version] = /^(.*)@(\d{1,9})$/.exec(reference) ?? [];
  if (name === undefined) return { name: reference, version: null };
  return { name, version: Number(version) };
}

/** The name in a reference whose version may still be an expression. */
export function pipelineNameOf(reference: string): string {
  const [name = reference] = reference.split('@');
  return name;
}
