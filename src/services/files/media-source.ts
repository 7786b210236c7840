import type { ProjectId } from '../../domain/ids.ts';
import type { MediaSource } from '../../providers/port.ts';
import type { Files } from '../ports/values/files.ts';
import type { Machine } from '../ports/runtime.ts';
import { publicUrl, type PublicFiles } from './public-file.ts';

/** The file was there when the call was made up, and has been deleted or has expired since. */
class MediaGone extends Error {
  override name = 'MediaGone' as const;
}

export type MediaSourceDeps = {
  readonly files: Files;
  readonly machine: Pick<Machine, 'nowMs'>;
  /** Null when the deployment has no public address, or no secret to sign with. */
  readonly publicFiles: PublicFiles | null;
};

export type MediaOf = (project: ProjectId) => MediaSource;

/** A project's files as the adapters of providers read them. */
export function mediaSource(deps: MediaSourceDeps, project: ProjectId): MediaSource {
  const { files, machine, publicFiles } = deps;
  return {
    async read({ file }) {
      const bytes = await files.read(project, file);
      if (bytes === null) throw new MediaGone('the file is gone');
      return bytes;
    },
    async stream({ file }) {
      const open = await files.open(project, file);
      if (open === null) throw new MediaGone('the file is gone');
      return open.stream;
    },
    async url({ file }) {
      if (publicFiles === null) return null;
      return publicUrl(publicFiles, { project, id: file }, machine.nowMs());
    },
  };
}
