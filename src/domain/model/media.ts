import type { FileId } from '../file.ts';

/**
 * A file as a model call names it. The request's hash is taken over this, never over the bytes, which are read when
 * the request goes out.
 */
export type MediaRef = {
  readonly file: FileId;
  /** Lower case, without parameters, e.g. `image/png`. */
  readonly mimeType: string;
  readonly bytes: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  readonly name: string | null;
};

/** A file that a provider made, before it is kept: its bytes in base64, or where the provider left it. */
export type ProducedMedia = {
  readonly source:
    | { readonly kind: 'base64'; readonly data: string }
    /** An address from a provider's reply: hostile until checked. */
    | { readonly kind: 'url'; readonly url: string };
  /** As the provider says; the bytes decide. */
  readonly mimeType: string | null;
};
