import { createRoute, z } from '@hono/zod-openapi';

import { isFileId } from '../../domain/file.ts';
import { deleteFile } from '../../services/files/delete-file.ts';
import { expiresInField } from '../../services/files/file-limits.ts';
import { publicFile } from '../../services/files/public-file.ts';
import { getFile, listFiles } from '../../services/files/read-file.ts';
import { uploadFile } from '../../services/files/upload-file.ts';
import { fileSchema, fileView } from '../../services/views/file-view.ts';
import { listSchema, pageView } from '../../services/views/list-view.ts';
import { failureResponse } from '../failure-response.ts';
import { answers, bearer, jsonOf, makeRoutes } from '../openapi.ts';
import { answerFile } from '../upload/file-answer.ts';
import { readUpload } from '../upload/read-upload.ts';
import { pageQuery } from './request-fields.ts';
import { submitHeaders } from './jobs/job-requests.ts';

const uploadQuery = z.object({
  name: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({ description: 'What the file is called, where the body is the file itself' }),
  expires_in: expiresInField
    .optional()
    .meta({ description: 'How long the file is kept: 1s to 90d; 7d if absent', example: '7d' }),
});

const filePath = z.object({ file_id: z.string().meta({ example: 'file_…' }) });

const binary = { type: 'string', format: 'binary' } as const;

const byteAnswers = {
  ...answers({}),
  200: { description: 'The bytes', content: { '*/*': { schema: binary } } },
  206: { description: 'A part of them', content: { '*/*': { schema: binary } } },
  304: { description: 'The bytes are those of the ETag' },
};

const uploadRoute = createRoute({
  method: 'post',
  path: '/files',
  summary: 'Upload a file',
  description:
    'As a form with one file, or with the file itself as the body and its type as the `content-type`. The type is told from the first bytes where they tell, and has to be the declared one. The file is there once the answer says so. With an `Idempotency-Key`, a repetition with the same bytes answers 200 with the same file. A deployment limits size (`FILE_MAX_BYTES`, 100 MB unless set; Cloudflare itself refuses bodies above 100 MB on small plans) and types (`FILE_TYPES`).',
  security: bearer,
  request: {
    headers: submitHeaders.pick({ 'idempotency-key': true }),
    query: uploadQuery,
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            required: ['file'],
            properties: {
              file: binary,
              expires_in: { type: 'string', example: '7d', description: 'As in the query' },
            },
          },
        },
        '*/*': { schema: binary },
      },
    },
  },
  responses: answers({
    200: jsonOf('The file was there already', fileSchema),
    201: jsonOf('The file', fileSchema),
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/files',
  summary: 'List uploads, newest first',
  description: 'Files of jobs are not among them: steps’ outputs name those.',
  security: bearer,
  request: {
    query: pageQuery.extend({
      after: z
        .string()
        .refine(isFileId, 'must be the next_cursor of the page before')
        .optional()
        .meta({ description: 'The `next_cursor` of the page before' }),
    }),
  },
  responses: answers({ 200: jsonOf('A page of files', listSchema(fileSchema)) }),
});

const readRoute = createRoute({
  method: 'get',
  path: '/files/{file_id}',
  summary: 'Read what is known of a file',
  description: 'Uploads need the scope `files:read`; files of jobs `jobs:read`, as their jobs do.',
  security: bearer,
  request: { params: filePath },
  responses: answers({ 200: jsonOf('The file', fileSchema) }),
});

const contentRoute = createRoute({
  method: 'get',
  path: '/files/{file_id}/content',
  summary: 'Read the bytes of a file',
  description:
    'Takes `Range` with one range, `If-Range` and `If-None-Match`; the ETag is the hash.',
  security: bearer,
  request: { params: filePath },
  responses: byteAnswers,
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/files/{file_id}',
  summary: 'Delete an upload',
  security: bearer,
  request: { params: filePath },
  responses: answers({
    200: jsonOf('The file is gone', z.object({ id: z.string(), deleted: z.literal(true) })),
  }),
});

const publicRoute = createRoute({
  method: 'get',
  path: '/files/{token}',
  summary: 'Read the bytes of a file by a signed address',
  description:
    'Needs no key: whoever has the address reads the file for the hour that it holds. Penstock gives such addresses to providers that fetch files themselves.',
  request: { params: z.object({ token: z.string().meta({ example: 'v1.…' }) }) },
  responses: byteAnswers,
});

export const fileRoutes = makeRoutes()
  .openapi(uploadRoute, async (c) => {
    const announced = Number(c.req.header('content-length') ?? Number.NaN);
    const uploaded = await uploadFile(c.env.deps, c.var.actor, {
      idempotencyKey: c.req.valid('header')['idempotency-key'] ?? null,
      announcedBytes: Number.isFinite(announced) ? announced : null,
      pieces: readUpload(c, c.req.valid('query')),
    });
    if (!uploaded.ok) return failureResponse(c, uploaded.failure);
    const view = fileView(uploaded.value.meta);
    c.header('location', view.urls.self);
    if (uploaded.value.kind === 'created') return c.json(view, 201);
    c.header('idempotency-replayed', 'true');
    return c.json(view, 200);
  })
  .openapi(listRoute, async (c) => {
    const { after, limit } = c.req.valid('query');
    const page = await listFiles(c.env.deps, c.var.actor, after ?? null, limit);
    if (!page.ok) return failureResponse(c, page.failure);
    return c.json(pageView(page.value, fileView), 200);
  })
  .openapi(readRoute, async (c) => {
    const file = await getFile(c.env.deps, c.var.actor, c.req.valid('param').file_id);
    if (!file.ok) return failureResponse(c, file.failure);
    return c.json(fileView(file.value), 200);
  })
  .openapi(contentRoute, async (c) => {
    const { actor } = c.var;
    const file = await getFile(c.env.deps, actor, c.req.valid('param').file_id);
    if (!file.ok) return failureResponse(c, file.failure);
    return answerFile(c, actor.project, file.value);
  })
  .openapi(deleteRoute, async (c) => {
    const { file_id: id } = c.req.valid('param');
    const deleted = await deleteFile(c.env.deps, c.var.actor, id);
    if (!deleted.ok) return failureResponse(c, deleted.failure);
    return c.json({ id, deleted: true as const }, 200);
  });

/** Outside `/v1`: the address itself is the permission. */
export const publicFileRoutes = makeRoutes().openapi(publicRoute, async (c) => {
  const file = await publicFile(c.env.deps, c.req.valid('param').token);
  if (!file.ok) return failureResponse(c, file.failure);
  return answerFile(c, file.value.project, file.value.meta);
});
