import type { FileMeta } from '../../../src/domain/file.ts';
import type { FileIndex } from '../../../src/services/ports/values/file-index.ts';
import type { Files, FileWriter } from '../../../src/services/ports/values/files.ts';

/** Files and their index in memory, with steps that can be made to fail. */
export function memoryFiles() {
  const bytes = new Map<string, { readonly meta: FileMeta; readonly bytes: Uint8Array }>();
  const rows = new Map<
    string,
    { project: string; expiresAtMs: number; meta: FileMeta | null; key: string | null }
  >();
  const failing = new Set<string>();
  /** Writers that were neither committed nor aborted: what a kill would leave. */
  const open = new Set<string>();
  const may = (what: string): void => {
    if (failing.has(what)) throw new Error(`${what} fails`);
  };
  const begin: Files['begin'] = (_project, id): FileWriter => {
    let pieces: Uint8Array[] = [];
    open.add(id);
    return {
      async write(chunk) {
        may('write');
        pieces.push(chunk.slice());
      },
      async commit(about) {
        may('commit');
        const all = await new Blob(pieces as BlobPart[]).bytes();
        const meta = { ...about, id, bytes: all.length, sha256: String.fromCharCode(...all) };
        bytes.set(id, { meta, bytes: all });
        open.delete(id);
        return meta;
      },
      async abort() {
        pieces = [];
        open.delete(id);
        bytes.delete(id);
      },
    };
  };
  const files: Files = {
    find: async (_project, id) => bytes.get(id)?.meta ?? null,
    head: async (_project, id) => bytes.get(id)?.meta ?? null,
    open: async () => null,
    read: async (_project, id) => bytes.get(id)?.bytes ?? null,
    async putBytes(_project, meta, content) {
      may('putBytes');
      bytes.set(meta.id, { meta, bytes: content });
    },
    begin,
    async delete(_project, id) {
      may(`delete ${id}`);
      bytes.delete(id);
    },
  };
  const fileIndex: FileIndex = {
    async begin({ project, id, giveUpAtMs }) {
      rows.set(id, { project, expiresAtMs: giveUpAtMs, meta: null, key: null });
    },
    async finish(_project, meta, key) {
      may('finish');
      const row = rows.get(meta.id);
      if (row === undefined) return 'gone';
      const held = [...rows.values()].some((other) => key !== null && other.key === key);
      if (held) return 'taken';
      Object.assign(row, { meta, key, expiresAtMs: meta.expiresAtMs });
      return 'done';
    },
    findByKey: async (_project, key) =>
      [...rows.values()].find((row) => row.key === key)?.meta ?? null,
    list: async () => [...rows.values()].flatMap(({ meta }) => meta ?? []),
    async remove(_project, id) {
      may('remove');
      rows.delete(id);
    },
    expired: async (nowMs, limit) =>
      [...rows]
        .filter(([, row]) => row.expiresAtMs <= nowMs)
        .slice(0, limit)
        .map(([id, row]) => ({ project: row.project, id }) as never),
  };
  return { files, fileIndex, bytes, rows, failing, open };
}
