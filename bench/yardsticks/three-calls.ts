import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from 'cloudflare:workers';

import { floorOf, type YardstickEnv } from './floor-object.ts';
import { callModel, type FloorJob, type FloorParameters } from './model-call.ts';

/** The three calls on the platform's own Workflows. Its output is the moment at which the last answer was there. */
export class ThreeCalls extends WorkflowEntrypoint<YardstickEnv, FloorParameters> {
  override async run(
    { payload: { model, text } }: WorkflowEvent<FloorParameters>,
    step: WorkflowStep,
  ): Promise<number> {
    const url = this.env.MODEL_URL;
    const first = await step.do('first', () => callModel(url, { model, text }));
    const second = await step.do('second', () => callModel(url, { model, text: first }));
    return await step.do('third', async () => {
      await callModel(url, { model, text: second });
      return Date.now();
    });
  }
}

/** The floor: a call to the object before and after each call of the model. */
export async function threeCallsOnFloor(env: YardstickEnv, job: FloorJob): Promise<number> {
  const { id, model } = job;
  let { text } = job;
  let atMs = 0;
  for (const call of ['1', '2', '3']) {
    await floorOf(env, id).write(id, [`${call}/before`], text);
    text = await callModel(env.MODEL_URL, { model, text });
    atMs = await floorOf(env, id).write(id, [`${call}/after`], text);
  }
  return atMs;
}

/** The same rows in fewer calls: what follows a call and what precedes the next one go together. */
export async function threeCallsMerged(env: YardstickEnv, job: FloorJob): Promise<number> {
  const { id, model } = job;
  const url = env.MODEL_URL;
  await floorOf(env, id).write(id, ['1/before'], job.text);
  const first = await callModel(url, { model, text: job.text });
  await floorOf(env, id).write(id, ['1/after', '2/before'], first);
  const second = await callModel(url, { model, text: first });
  await floorOf(env, id).write(id, ['2/after', '3/before'], second);
  const third = await callModel(url, { model, text: second });
  return await floorOf(env, id).write(id, ['3/after'], third);
}
