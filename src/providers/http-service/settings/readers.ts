import type { z } from 'zod';

import type { ModelCall, ModelKind, ModelResult } from '../../../domain/model/model-call.ts';
import type { WireReply } from '../../port.ts';
import * as results from '../results.ts';
import { resultMappings } from './results.ts';

/** Reads the result of a call of its own kind; null where it is not in the reply. */
export type ResultReader = (
  reply: WireReply,
  call: ModelCall,
) => ModelResult | results.Refused | null;

type Reading = ReturnType<ResultReader>;

/** The places of each kind's result as a reader of replies. */
export const resultReaders = {
  chat: resultMappings.chat.transform(
    (mapping): ResultReader =>
      ({ body }, { kind }): Reading =>
        kind === 'chat' ? results.readChat(mapping, body) : null,
  ),
  embed: resultMappings.embed.transform(
    (mapping): ResultReader =>
      ({ body }, call): Reading =>
        call.kind === 'embed' ? results.readVectors(mapping, body, call) : null,
  ),
  classify: resultMappings.classify.transform(
    (mapping): ResultReader =>
      ({ body }, call): Reading =>
        call.kind === 'classify' ? results.readLabels(mapping, body, call) : null,
  ),
  rerank: resultMappings.rerank.transform(
    (mapping): ResultReader =>
      ({ body }, call): Reading =>
        call.kind === 'rerank' ? results.readRanking(mapping, body, call) : null,
  ),
  summarize: resultMappings.summarize.transform(
    (mapping): ResultReader =>
      ({ body }, { kind }): Reading =>
        kind === 'summarize' ? results.readSummary(mapping, body) : null,
  ),
  image: resultMappings.image.transform(
    (mapping): ResultReader =>
      (reply, { kind }): Reading =>
        kind === 'image' ? results.readImages(mapping, reply) : null,
  ),
  transcribe: resultMappings.transcribe.transform(
    (mapping): ResultReader =>
      ({ body }, { kind }): Reading =>
        kind === 'transcribe' ? results.readTranscript(mapping, body) : null,
  ),
  moderate: resultMappings.moderate.transform(
    (mapping): ResultReader =>
      ({ body }, { kind }): Reading =>
        kind === 'moderate' ? results.readModeration(mapping, body) : null,
  ),
} as const satisfies Record<ModelKind, z.ZodType<ResultReader>>;
