import type { Definition } from '../../../domain/definition/definition.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';

/** Only a chat's text comes in pieces. */
export function streamViolations({ steps }: Definition): Violation[] {
  return steps.flatMap(({ uses, stream }, index) => {
    if (stream === undefined || uses === 'model.chat') return [];
    const message = `${uses} has no text that comes in pieces; remove \`stream\``;
    return [{ pointer: jsonPointer(['steps', index, 'stream']), code: 'misplaced', message }];
  });
}
