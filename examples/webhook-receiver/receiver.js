import { createServer } from 'node:http';
import { verifyWebhook } from 'penstock/webhooks';

const secret = process.env.WEBHOOK_SECRET;
createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  try {
    const { id, payload } = await verifyWebhook({ secret, headers: request.headers, body });
    console.log(id, payload.type, payload.data);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(400).end(error.reason);
  }
}).listen(Number(process.env.PORT ?? 8790));
