import { isJobId, type JobId, type ProjectId } from './ids.ts';

/**
 * Files: what callers upload, and what jobs make or fetch. A file's id says where its bytes lie, so that no look-up
 * stands before reading it: an upload names itself, a job's file names its job and its content.
 */
export type FileId = string & { readonly __brand: 'FileId' };

const UPLOAD = /^file_([0-9a-f]{32})$/;
const OF_JOB = /^file_([0-9a-f]{34})_([0-9a-f]{24})$/;

/** What is known of a file without reading it. */
export type FileMeta = {
  readonly id: FileId;
  readonly name: string | null;
  /** As found in the bytes where they tell; the declared type otherwise. */
  readonly mimeType: string;
  readonly bytes: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  readonly createdAtMs: number;
  /** Null for a file that lives as long as its job's payloads. */
  readonly expiresAtMs: number | null;
};

export function isFileId(text: string): text is FileId {
  return UPLOAD.test(text) || OF_JOB.test(text);
}

/** The job that a file belongs to; null for an upload. */
export function jobOfFile(id: FileId): JobId | null {
  const jobId = `job_${OF_JOB.exec(id)?.[1] ?? ''}`;
  return isJobId(jobId) ? jobId : null;
}

/** The id of an upload, from a UUIDv7: uploads sort by their moment. */
export function uploadIdOf(uuidV7: string): FileId {
  return checked(`file_${uuidV7.replaceAll('-', '')}`);
}

/** The id of a file that a job made or fetched: the same bytes in the same job are the same file. */
export function jobFileIdOf(jobId: JobId, sha256: string): FileId {
  return checked(`file_${jobId.slice('job_'.length)}_${sha256.slice(0, 24)}`);
}

/** Where a file's bytes lie: project first, then the job, so that both can be erased by prefix. */
export function fileKey(project: ProjectId, id: FileId): string {
  const ofJob = OF_JOB.exec(id);
  return ofJob === null
    ? `${project}/files/${id}`
    : `${project}/job_${ofJob[1] ?? ''}/files/${ofJob[2] ?? ''}`;
}

function checked(text: string): FileId {
  if (!isFileId(text)) throw new RangeError(`not a file id: ${text}`);
  return text;
}
