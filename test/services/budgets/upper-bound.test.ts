import { describe, expect, test } from 'vitest';

import type { MediaRef } from '../../../src/domain/model/media.ts';
import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { ProjectPrice, UnitPrices } from '../../../src/domain/model/price.ts';
import type { FileId } from '../../../src/domain/file.ts';
import { upperBound } from '../../../src/services/budgets/upper-bound.ts';

const NOW = Date.UTC(2026, 10, 23);

function price(prices: UnitPrices): ProjectPrice {
  const created = { createdAtMs: 0, createdBy: 'root', effectiveFromMs: 0, effectiveToMs: null };
  return { id: 'prc_1', provider: 'p', model: 'm', execution: 'standard', prices, ...created };
}

/** A dollar for a million of anything is a thousand nano-dollars for one. */
function bound(call: ModelCall, prices: UnitPrices, known: object | null = null): number | null {
  const projectPrices = [price(prices)];
  return upperBound(call, { provider: 'p', known, projectPrices, nowMs: NOW });
}

const TEXT = { million_input_tokens: '1', million_output_tokens: '1' };

function chat(text: string, maxOutputTokens?: number, media?: MediaRef): ModelCall {
  const content = media === undefined ? text : [{ type: 'image' as const, media }];
  return {
    kind: 'chat',
    model: 'm',
    messages: [{ role: 'user', content }],
    parameters: maxOutputTokens === undefined ? {} : { maxOutputTokens },
    output: { kind: 'text' },
  };
}

function file(bytes: number, mimeType: string): MediaRef {
  return { file: 'file_1' as FileId, mimeType, bytes, sha256: '', name: null };
}

function answer(known: object | null): number {
  return bound(chat('', undefined), TEXT, known) ?? 0;
}

describe('the most that a call may cost', () => {
  test('is every byte of its prompt and the longest answer that it asks for', () => {
    // Two quotes, and what a message takes beside its text.
    expect(bound(chat('äöü', 100), TEXT)).toBe((6 + 2 + 32 + 100) * 1_000);
  });

  test('has the answer of the model’s own limit where the call sets none, and an assumed one without', () => {
    expect(answer({ outputTokensMax: 4_096 }) - answer({ outputTokensMax: 96 })).toBe(4_000_000);
    expect(answer(null) - answer({ outputTokensMax: 0 })).toBe(32_768_000);
  });

  test('is that of thinking, or of writing to a cache, where they are dearer', () => {
    const plain = bound(chat('x', 100), TEXT) ?? 0;
    const thinking = bound(chat('x', 100), { ...TEXT, million_reasoning_tokens: '5' }) ?? 0;
    expect(thinking - plain).toBe(100 * 4_000);
    const cached = bound(chat('x', 100), { ...TEXT, million_cache_write_tokens: '2' }) ?? 0;
    expect(cached - plain).toBe(35 * 1_000);
    const dear = { ...TEXT, million_cache_write_tokens: '2', million_reasoning_tokens: '5' };
    expect((bound(chat('x', 100), dear) ?? 0) - plain).toBe(35 * 1_000 + 100 * 4_000);
  });

  test('has a file’s bytes, 20,000 tokens at least, and no more than the model reads', () => {
    const without = bound(chat('', 1), TEXT) ?? 0;
    const withFile = (bytes: number, known: object | null = null) =>
      (bound(chat('', 1, file(bytes, 'image/png')), TEXT, known) ?? 0) - without;
    expect(withFile(10)).toBe(20_000_000);
    expect(withFile(50_000)).toBe(50_000_000);
    expect(withFile(5_000_000, { contextTokens: 128_000 })).toBe(128_000_000);
  });

  test.each([
    ['by the image', { image: '0.04' }, 120_000_000],
    ['by the image and its prompt', { image: '0.04', million_input_tokens: '1' }, 120_007_000],
    ['by its tokens', { ...TEXT, million_image_output_tokens: '1' }, 3 * 8_192_000],
    ['by the time', { compute_second: '0.001' }, 600_000_000],
  ] as const)('is known of images %s', (_how, prices, atLeast) => {
    const call: ModelCall = { kind: 'image', model: 'm', prompt: 'a cat', count: 3 };
    expect(bound(call, prices)).toBeGreaterThanOrEqual(atLeast);
  });

  test('is known of sound by its length, which its bytes bound', () => {
    const call: ModelCall = {
      kind: 'transcribe',
      model: 'm',
      audio: file(60_000, 'audio/mpeg'),
    };
    expect(bound(call, { audio_minute: '0.006' })).toBe(6_000_000);
  });

  test('counts long documents several times', () => {
    const documents = [...Array.from({ length: 100 }, () => 'short'), 'x'.repeat(1_001)];
    const call: ModelCall = { kind: 'rerank', model: 'm', query: 'q', documents, topN: 1 };
    expect(bound(call, { search_unit: '0.002' })).toBe(4_000_000);
  });

  test('is not known without a price', () => {
    expect(bound(chat('x', 1), { image: '0.04' })).toBeNull();
    const unread = { provider: 'p', known: null, projectPrices: null, nowMs: NOW };
    expect(upperBound(chat('x', 1), unread)).toBeNull();
  });
});
