import type { EmbedCall } from '../../../domain/model/model-call.ts';
import type { WireValue } from '../../http/wire-body.ts';
import type { CallOutcome } from '../../port.ts';
import { numbersOf, objectsAt } from '../../shared/json-fields.ts';
import { readDone, readNothing, type ReplyReading } from '../../shared/reading.ts';
import { modelPath } from '../model-path.ts';

/** UNVERIFIED: the newest embedding models are said to want the task in the text instead, and to ignore this field. */
const taskTypes = { query: 'RETRIEVAL_QUERY', document: 'RETRIEVAL_DOCUMENT' } as const;

/** The body of `:batchEmbedContents`; one text is a batch of one. */
export function embedBody({
  model,
  texts,
  dimensions,
  inputType,
  options = {},
}: EmbedCall): WireValue {
  const { requests: _requests, ...shared } = options;
  return {
    requests: texts.map((text) => ({
      ...shared,
      model: modelPath(model),
      content: { parts: [{ text }] },
      ...(inputType === undefined ? {} : { taskType: taskTypes[inputType] }),
      ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
    })),
  };
}

/** Vectors come in the order of the texts. */
export function readEmbeddings(reading: ReplyReading, { texts }: EmbedCall): CallOutcome {
  const vectors = objectsAt(reading.body, 'embeddings').map(({ values }) => numbersOf(values));
  const whole = vectors.flatMap((vector) =>
    vector === null || vector.length === 0 ? [] : [vector],
  );
  return whole.length === texts.length
    ? readDone(reading, { kind: 'embed', vectors: whole })
    : readNothing(reading);
}
