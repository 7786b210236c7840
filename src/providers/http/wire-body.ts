import type { Json } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';

/**
 * The place in a JSON request where a file goes when the request is sent. Only an instance counts, so that nothing a
 * user writes can pass for one.
 * - `base64`: the bytes in base64
 * - `data_url`: a `data:` URL with them
 * - `url`: a short-lived public address, or a `data:` URL where the deployment has none
 */
export class MediaSlot {
  readonly media: MediaRef;
  readonly as: 'base64' | 'data_url' | 'url';

  constructor(media: MediaRef, as: 'base64' | 'data_url' | 'url') {
    this.media = media;
    this.as = as;
  }
}

/** A `multipart/form-data` body: fields in order, a file's bytes where a field is one. */
export class MultipartBody {
  readonly fields: readonly { readonly name: string; readonly value: string | MediaRef }[];

  constructor(fields: MultipartBody['fields']) {
    this.fields = fields;
  }
}

/** A body that is a file's bytes and nothing else. */
export class FileBody {
  readonly media: MediaRef;

  constructor(media: MediaRef) {
    this.media = media;
  }
}

/** JSON with places for files in it. */
export type WireValue =
  | Json
  | MediaSlot
  | readonly WireValue[]
  | { readonly [name: string]: WireValue };

export type WireBody = WireValue | MultipartBody | FileBody;
