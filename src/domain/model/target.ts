/** A provider's model that a route may choose. */
export type Target = { readonly provider: string; readonly model: string };
