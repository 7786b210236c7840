import { z } from 'zod';

import type { Outcome } from '../../../domain/job/failure.ts';
import type { FileId } from '../../../domain/file.ts';
import type { MediaRef } from '../../../domain/model/media.ts';
import type { ChatMessage, ChatPart } from '../../../domain/model/model-call.ts';
import { defined } from '../defined.ts';
import { fileField, mediaOf, type FileUse, type NamedFile } from '../files.ts';
import { toolCallField, toolCallsOf } from './tools.ts';

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
const imagePart = z.strictObject({
  type: z.literal('image'),
  file: fileField,
  detail: z.enum(['auto', 'low', 'high']).optional(),
});
const audioPart = z.strictObject({ type: z.literal('audio'), file: fileField });
const documentPart = z.strictObject({ type: z.literal('document'), file: fileField });
const part = z.discriminatedUnion('type', [textPart, imagePart, audioPart, documentPart], {
  error: 'must have one of the types text, image, audio, document',
});
type PartInput = z.output<typeof part>;

const PARTS_MAX = 100;
const CONTENT_HELP = 'must be a text, or a list of parts';
const textContent = z.union([z.string(), z.array(textPart).min(1).max(PARTS_MAX)], {
  error: CONTENT_HELP,
});

/** One message of a conversation, as users write it. */
export const messageField = z.discriminatedUnion(
  'role',
  [
    z.strictObject({ role: z.literal('system'), content: textContent }),
    z.strictObject({
      role: z.literal('user'),
      content: z.union([z.string(), z.array(part).min(1).max(PARTS_MAX)], { error: CONTENT_HELP }),
    }),
    z.strictObject({
      role: z.literal('assistant'),
      /** May be left out where there are `tool_calls`. */
      content: textContent.optional(),
      tool_calls: z.array(toolCallField).min(1).max(128).optional(),
    }),
    z.strictObject({
      role: z.literal('tool'),
      tool_call_id: z.string().min(1).max(200),
      content: z.string(),
    }),
  ],
  { error: 'must have one of the roles system, user, assistant, tool' },
);
export type MessageInput = z.output<typeof messageField>;

type Media = ReadonlyMap<FileId, MediaRef>;

/** The files that messages name in their parts. */
export function filesOfMessages(messages: readonly MessageInput[]): NamedFile[] {
  return messages.flatMap((message, index) => {
    const { content } = message;
    if (typeof content !== 'object') return [];
    return content.flatMap((one: PartInput, at) =>
      one.type === 'text'
        ? []
        : [
            {
              id: one.file,
              path: ['messages', index, 'content', at, 'file'],
              use: one.type satisfies FileUse,
            },
          ],
    );
  });
}

export function toMessage(message: MessageInput, media: Media): ChatMessage {
  if (message.role === 'tool') {
    return { role: 'tool', toolCallId: message.tool_call_id, content: message.content };
  }
  const content = contentOf(message.content ?? '', media);
  if (message.role !== 'assistant') return { role: message.role, content };
  return { role: 'assistant', content, ...toolCallsOf(message.tool_calls) };
}

function contentOf(content: string | readonly PartInput[], media: Media) {
  return typeof content === 'string' ? content : content.map((one) => toPart(one, media));
}

function toPart(one: PartInput, media: Media): ChatPart {
  switch (one.type) {
    case 'text':
      return one;
    case 'image': {
      const { type, file, detail } = one;
      return { type, media: mediaOf(media, file), ...defined({ detail }) };
    }
    case 'audio':
    case 'document':
      return { type: one.type, media: mediaOf(media, one.file) };
  }
}

/** Puts files behind the text of the last thing that the user says. */
export function withFiles(
  messages: readonly ChatMessage[],
  parts: readonly ChatPart[],
): Outcome<readonly ChatMessage[]> {
  if (parts.length === 0) return { ok: true, value: messages };
  const index = messages.findLastIndex(({ role }) => role === 'user');
  const last = messages[index];
  if (last === undefined || last.role !== 'user') return noUserMessage();
  const said: readonly ChatPart[] =
    typeof last.content === 'string' ? [{ type: 'text', text: last.content }] : last.content;
  return { ok: true, value: messages.with(index, { ...last, content: [...said, ...parts] }) };
}

function noUserMessage(): Outcome<never> {
  const message =
    '`images` and `files` belong to the last message of the user in `prompt`, and there is none; put them into `messages` as parts';
  return { ok: false, failure: { class: 'step_input_invalid', phase: 'not_sent', message } };
}

/** A file as the part that its type makes it. */
export function partOf(ref: MediaRef): ChatPart {
  const [family] = ref.mimeType.split('/');
  return { type: family === 'image' || family === 'audio' ? family : 'document', media: ref };
}
