import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { isJsonObject, type Json } from '../../../src/domain/json.ts';
import { answerFor, type World } from './answer.ts';
import { falJwks, falJwksPath } from './callbacks/signatures.ts';
import { answerControl, type Controls } from './control.ts';
import { breakOff, deliver } from './deliver.ts';
import { errorAnswer } from './error-answer.ts';
import type { OpenEntry } from './journal.ts';
import { dialectOf, keyOf, modelOf } from './wire-dialect.ts';
import { readForm } from './form.ts';
import { magicFault } from './magic-models.ts';
import { faultName, parseScripted, ScriptInvalid } from './parse-script.ts';
import { RequestRefused, type Call, type Scripted } from './types.ts';

/** What a request is served with. */
export type Serving = Controls &
  World & {
    readonly key: string | null;
    readonly latencyMs: number;
  };

const bodyBytesMax = 64 * 1024 * 1024;

/** Serves one HTTP request; never rejects. */
export async function serveRequest(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await handle(serving, request, response);
  } catch (thrown) {
    answerBug(response, thrown);
  }
}

async function handle(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (path === falJwksPath) return sendJson(response, { status: 200, body: falJwks });
  if (path === '/healthz') return sendJson(response, { status: 200, body: { ok: true } });
  const bodyText = await readBody(request);
  if (path.startsWith('/__simulator/')) {
    const url = new URL(target, 'http://simulator');
    return sendJson(response, answerControl(serving, request.method ?? 'GET', url, bodyText));
  }
  if (!response.destroyed)
    await serve(serving, request, response, { path, query: queryOf(target), bodyText });
}

type Received = Pick<Call, 'path' | 'bodyText'> & { readonly query: URLSearchParams };

function queryOf(target: string): URLSearchParams {
  return new URL(target, 'http://simulator').searchParams;
}

/** One request to the pretended provider, from the journal's first line to its last. */
async function serve(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  { path, query, bodyText }: Received,
): Promise<void> {
  const startedMs = performance.now();
  const body = readForm(request.headers['content-type'], bodyText) ?? parseBody(bodyText);
  const fields = body !== undefined && isJsonObject(body) ? body : {};
  const model = modelOf(path, fields) ?? query.get('model');
  const method = request.method ?? 'GET';
  const stream = fields['stream'] === true;
  const { headers } = request;
  const entry = serving.journal.open({ method, path, model, stream, bodyText, headers });
  serving.stats.begin(entry);
  response.on('close', () => {
    entry.duration_ms = Math.round((performance.now() - startedMs) * 1000) / 1000;
    if (entry.ended === 'pending') {
      entry.ended = response.writableFinished ? 'answered' : 'client_left';
    }
    serving.stats.end(entry);
  });
  response.setHeader('x-request-id', `req_sim_${entry.seq}`);

  const call: Call = { seq: entry.seq, method, path, query, model, body, bodyText };
  try {
    checkKey(keyOf(headers, dialectOf(path)), serving.key, path);
    const scripted = decide(serving, call, headers['x-simulator-fault']);
    await perform(serving, call, scripted, response, entry);
  } catch (thrown) {
    if (!(thrown instanceof RequestRefused)) throw thrown;
    await deliver(response, thrown.answer, {}, entry);
  }
}

const quiet: Scripted = { fault: {} };

async function perform(
  serving: Serving,
  call: Call,
  scripted: Scripted,
  response: ServerResponse,
  entry: OpenEntry,
): Promise<void> {
  const { fault } = scripted;
  entry.fault = faultName(fault);
  const latencyMs = fault.latency_ms ?? serving.latencyMs;
  if (latencyMs > 0) await pause(latencyMs);
  if (response.destroyed || fault.hang === true) return;
  if (fault.drop === 'before_headers') return breakOff(response, entry);
  const answer = answerFor(call, scripted, serving, Date.now());
  await deliver(response, answer, fault, entry);
}

/** The header wins over the script, and the script over the model's name. */
function decide(serving: Serving, call: Call, header: string | string[] | undefined): Scripted {
  if (typeof header === 'string') return readHeader(header);
  const ruled = serving.script.decide(call);
  if (ruled !== null) return ruled;
  const magic = call.model === null ? null : magicFault(call.model);
  return magic === null ? quiet : { fault: magic };
}

function readHeader(text: string): Scripted {
  try {
    return parseScripted(text);
  } catch (thrown) {
    if (!(thrown instanceof ScriptInvalid)) throw thrown;
    const message = `x-simulator-fault: ${thrown.message}`;
    throw new RequestRefused(errorAnswer(400, { message, code: 'script_invalid' }));
  }
}

function checkKey(given: string | null, key: string | null, path: string): void {
  const dialect = dialectOf(path);
  if (given === null) {
    const message = "You didn't provide an API key.";
    throw new RequestRefused(errorAnswer(401, { message, code: 'missing_api_key' }, dialect));
  }
  if (key === null || given === key) return;
  // Like some real providers, this repeats the key: a client must not let it into its logs.
  const message = `Incorrect API key provided: ${given}.`;
  throw new RequestRefused(errorAnswer(401, { message }, dialect));
}

function parseBody(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > bodyBytesMax) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

function sendJson(response: ServerResponse, answer: { status: number; body: unknown }): void {
  const text = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Something in the simulator itself is wrong, or the client left while sending. */
function answerBug(response: ServerResponse, thrown: unknown): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  const message = thrown instanceof Error ? thrown.message : 'not an error';
  sendJson(response, { status: 500, body: { error: { message: `simulator: ${message}` } } });
}
