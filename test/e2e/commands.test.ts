import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { freePort } from '../../scripts/lib/server.ts';
import { makeApi, newTenant } from './support/api.ts';
import { runCommand, type Command } from './support/command.ts';
import { publish, readJob, run } from './support/jobs.ts';
import { chatPipeline, plainPipeline, question } from './support/pipelines.ts';
import { copyRepository } from './support/repository-copy.ts';

describe('npm run demo', () => {
  const demo = ['npm', 'run', 'demo'];

  test('shows both examples, says what to try next, and leaves nothing behind', async () => {
    const command = runCommand(demo);
    expect(await command.ended(), command.output()).toBe(0);
    const told = command.output();
    for (const words of [
      /Ready at http:\/\/127\.0\.0\.1:\d+ after/,
      /sections +started +model\.summarize over \d+ items/,
      /overview +done +\d+ ms +\$0\.000000 +builtin\/extractive-summary-1/,
      /job +succeeded in \d+ ms/,
      /Best passage, under "5\. Detection"/,
      /Timeline \(\d+ of \d+ events/,
      /SIMULATOR/,
      /triage +falls back to groq/,
      /"category": "bug"/,
      /POST http:\/\/127\.0\.0\.1:\d+\/results/,
      /webhook-signature: v1,\S{44}\n/,
      /The signature is genuine and recent/,
      /job\.succeeded of job_[0-9a-f]+, event \d+, cost \$/,
      /What to try next/,
      /npm run dev/,
      /Stopped everything/,
    ]) {
      expect(told).toMatch(words);
    }
    expect(told).not.toMatch(/failed:|at async|\[wrangler/);
    await command.leavesNothing();
  });

  test.each([
    ['while it starts', /Starting Penstock/],
    ['while a job runs', /job job_[0-9a-f]+/],
  ])('leaves nothing behind after Ctrl-C %s', async (_when, words) => {
    const command = runCommand(demo);
    await command.says(words);
    command.interrupt();
    expect(await command.ended()).not.toBe(0);
    expect(command.output()).not.toMatch(/Stopped everything/);
    await command.leavesNothing();
  });

  test('says why when it cannot run, and leaves nothing behind', async () => {
    const copy = copyRepository();
    writeFileSync(join(copy, 'migrations', '0000_init.sql'), 'CREATE NONSENSE;');
    const command = runCommand(demo, { cwd: copy });
    expect(await command.ended(), command.output()).toBe(1);
    expect(command.output()).toMatch(/The demo failed: the database migrations failed/);
    await command.leavesNothing();
  });
});

type Started = { readonly command: Command; readonly url: string; readonly key: string };

async function dev(cwd: string, env: Record<string, string> = {}): Promise<Started> {
  const args = ['--port', String(await freePort()), '--persist-to', 'state'];
  const command = runCommand(['npm', 'run', 'dev', '--', ...args], { cwd, env });
  const [, url = ''] = await command.says(/Penstock listens on (\S+)/);
  const [, key = ''] = await command.says(/ROOT_API_KEY=(\S+)/);
  return { command, url, key };
}

async function stop({ command }: Started): Promise<void> {
  command.interrupt();
  expect(await command.ended()).not.toBe(0);
  await command.leavesNothing();
}

describe('npm run dev', () => {
  test('makes a key on its first start and keeps it, and all state, over a restart', async () => {
    const copy = copyRepository();
    const first = await dev(copy);
    expect(first.command.output()).toMatch(/\(new; kept in \.dev\.vars\)/);
    const settings = join(copy, '.dev.vars');
    const kept = readFileSync(settings, 'utf8');
    expect(kept).toMatch(/^ROOT_API_KEY=\S+\nSIGNING_SECRET=[\w-]{43}\n$/);
    expect(kept).toContain(`ROOT_API_KEY=${first.key}\n`);
    expect(statSync(settings).mode & 0o077).toBe(0);
    const tenant = await newTenant({ url: first.url, rootKey: first.key });
    await publish(tenant, plainPipeline('plain'));
    const job = await run(tenant, { pipeline: 'plain', input: { text: 'words' } });
    await stop(first);

    const second = await dev(copy);
    expect(second.key).toBe(first.key);
    expect(second.command.output()).not.toMatch(/\(new/);
    const again = makeApi(second.url, tenant.key);
    expect(await readJob(again, job.id)).toEqual(job);
    expect(await run(again, { pipeline: 'plain@1', input: { text: 'more' } })).toMatchObject({
      output: { text: 'more' },
    });
    await stop(second);
  });

  test('keeps what the Worker logs for npm run tail, its warnings too', async () => {
    const copy = copyRepository();
    const started = await dev(copy);
    const tenant = await newTenant({ url: started.url, rootKey: started.key });
    // No provider is configured here.
    await publish(tenant, chatPipeline('any'));
    const job = await run(tenant, question());
    expect(job.status).toBe('failed');
    const tail = runCommand(
      ['npm', 'run', 'tail', '--', '--persist-to', 'state', '--job', job.id],
      {
        cwd: copy,
      },
    );
    await tail.says(/WARN +job\.ended +asks@1 .*failed/);
    tail.interrupt();
    await tail.ended();
    await stop(started);
  });

  test("the shell's settings win over the file's, and are not written into it", async () => {
    const copy = copyRepository();
    const secret = 's'.repeat(32);
    const file = `ROOT_API_KEY="root_from_the_file"\nLOG_LEVEL=warn\nSIGNING_SECRET=${secret}\n`;
    writeFileSync(join(copy, '.dev.vars'), file);
    const started = await dev(copy, { ROOT_API_KEY: 'root_from_the_shell' });
    const status = async (key: string) =>
      (await makeApi(started.url, key).send('GET', '/v1/projects')).status;
    expect(await status('root_from_the_shell')).toBe(200);
    expect(await status('root_from_the_file')).toBe(401);
    expect(readFileSync(join(copy, '.dev.vars'), 'utf8')).toBe(file);
    expect(started.command.output()).not.toContain('"http.request"');
    await stop(started);
  });

  test('fires the schedules, which the local runtime does not', async () => {
    const copy = copyRepository();
    const config = join(copy, 'wrangler.toml');
    const often = readFileSync(config, 'utf8').replace('"0 * * * *"', '"* * * * * *"');
    expect(often).toContain('"* * * * * *"');
    writeFileSync(config, often);
    const started = await dev(copy);
    await started.command.says(/"event":"cron\.hourly"/);
    await stop(started);
  });

  test('ends, and says why, when the server under it dies', async () => {
    const { command } = await dev(copyRepository());
    command.crashServer();
    expect(await command.ended()).toBe(1);
    expect(command.output()).toMatch(/the server ended by itself \(SIGKILL\)/);
    await command.leavesNothing();
  });

  test('says what is wrong with a port', async () => {
    const copy = copyRepository();
    const nonsense = runCommand(['npm', 'run', 'dev', '--', '--port', 'http'], { cwd: copy });
    expect(await nonsense.ended()).toBe(1);
    expect(nonsense.output()).toMatch(/--port takes a number from 1 to 65535, not http/);
    expect(existsSync(join(copy, '.dev.vars'))).toBe(false);
    await nonsense.leavesNothing();
  });

  test('does not take another server on its port for itself', async () => {
    const copy = copyRepository();
    const simulator = runCommand(['node', 'scripts/simulator.ts', '--port', '0']);
    const [, taken = ''] = await simulator.says(/Simulator at http:\/\/127\.0\.0\.1:(\d+)/);
    const command = runCommand(['npm', 'run', 'dev', '--', '--port', taken], { cwd: copy });
    expect(await command.ended(), command.output()).toBe(1);
    expect(command.output()).toMatch(new RegExp(`port ${taken} is in use`, 'i'));
    await command.leavesNothing();
  });
});

describe('npm run simulator', () => {
  test('answers like a provider until it is stopped', async () => {
    const command = runCommand(['node', 'scripts/simulator.ts', '--port', '0', '--key', 'the-key']);
    const [, url = ''] = await command.says(/Simulator at (\S+)/);
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer the-key', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'Hello there.' }] }),
    });
    const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
    expect(choices[0]?.message.content).toMatch(/Hello there/);
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    command.interrupt();
    expect(await command.ended()).toBe(0);
    await command.leavesNothing();
  });
});
