import { shardOf, type ProjectId } from '../../domain/ids.ts';
import type {
  Channel,
  DeltaAnswer,
  DeltaRequest,
  Heard,
  ListenWish,
  LiveFrame,
  LiveShards,
} from '../../services/ports/live.ts';
import { listenAddress, PING, PONG } from './sockets.ts';

type Told = { tellDelta(request: DeltaRequest): Promise<DeltaAnswer> };

/** Shards as those reach them who listen. `count` covers jobs of a former number of shards too. */
export function makeLiveShards(namespace: DurableObjectNamespace, count: number): LiveShards {
  // A stub for one call, as in shard-client.ts; the name carries the project.
  const stub = (project: ProjectId, shard: number) => namespace.getByName(`${project}:${shard}`);
  return {
    count,
    listen: (project, shard, wish, heard) => open(stub(project, shard), wish, heard),
    tell(project, request) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to JobShardObject, which has this method
      const told = stub(project, shardOf(request.jobId)) as unknown as Told;
      return told.tellDelta(request);
    },
  };
}

async function open(stub: DurableObjectStub, wish: ListenWish, heard: Heard): Promise<Channel> {
  const answer = await stub.fetch(listenAddress(wish), { headers: { upgrade: 'websocket' } });
  const socket = answer.webSocket;
  if (socket === null) throw new Error(`a shard let nobody listen: ${answer.status}`);
  let isOpen = true;
  const end = (): void => {
    if (!isOpen) return;
    isOpen = false;
    heard.ended();
  };
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string' || !isOpen) return;
    if (data === PONG) heard.pong();
    else heard.frame(frameOf(data));
  });
  socket.addEventListener('close', end);
  socket.addEventListener('error', end);
  socket.accept();
  return {
    close() {
      isOpen = false;
      quietly(() => socket.close(1000));
    },
    ping: () => quietly(() => socket.send(PING)),
  };
}

function frameOf(text: string): LiveFrame {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- frames are written by our own shards only
  return JSON.parse(text) as LiveFrame;
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It is closed already; `ended` has said so.
  }
}
