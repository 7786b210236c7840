import { verifyWebhook } from 'penstock/webhooks';
import { expect, test } from 'vitest';

test('a receiver that is a Worker verifies the specification’s own vector', async () => {
  const event = await verifyWebhook({
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    headers: new Headers({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }),
    body: '{"test": 2432232314}',
    nowMs: 1_614_265_330_000,
  });
  expect(event.payload).toEqual({ test: 2_432_232_314 });
});
