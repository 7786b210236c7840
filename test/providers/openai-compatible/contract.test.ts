import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import { describeAdapterContract } from '../contract.ts';
import { exchanges } from './exchanges.ts';
import { makeAdapter, secretKey } from './support.ts';

for (const [id, profile] of Object.entries(openAiCompatibleProfiles)) {
  const secretHeaders = { 'cf-aig-authorization': 'Bearer gatewaySecret0123456789' };
  describeAdapterContract(id, (fetch) => makeAdapter({ id, fetch, profile, secretHeaders }), {
    exchanges: exchanges.filter(({ call }) => profile.kinds.some((kind) => kind === call.kind)),
    secrets: [secretKey, 'gatewaySecret0123456789'],
  });
}
