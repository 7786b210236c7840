import { expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import { makeProjectSecrets } from '../../../src/services/webhooks/project-secrets.ts';

const NEW = 'n'.repeat(32);
const OLD = 'o'.repeat(32);
const project = projectId('prj_1');

test('a project’s secret is the same wherever it is derived, and nobody else’s', async () => {
  const [secret] = await makeProjectSecrets(OLD, null)(project);
  // What receivers keep: this text must never change for the same deployment and project.
  expect(secret).toBe('whsec_4vw1idw97gLbt9HOBl2PpNKhScI2S1KfZl8KDlYsThc=');
  expect(await makeProjectSecrets(OLD, null)(project)).toEqual([secret]);
  expect(await makeProjectSecrets(OLD, null)(projectId('prj_2'))).not.toEqual([secret]);
});

test('while the deployment’s secret is being replaced there are two, the newest first', async () => {
  const [old] = await makeProjectSecrets(OLD, null)(project);
  const both = await makeProjectSecrets(NEW, OLD)(project);
  expect(both).toHaveLength(2);
  expect(both[1]).toBe(old);
  expect(both[0]).not.toBe(old);
});
