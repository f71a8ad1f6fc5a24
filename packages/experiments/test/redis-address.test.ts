import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../src/execution/queue/redis.ts';

const servers: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  }
});

/** A server that gives every command the same answer; none at all without one. */
async function answering(reply?: string): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('data', (commands) => {
      const count = String(commands).match(/^\*\d+\r$/gm)?.length ?? 0;
      if (reply !== undefined) socket.write(`${reply}\r\n`.repeat(count));
    });
  });
  servers.push({ server, sockets });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as { port: number }).port;
}

async function refusal(url: string, answerMilliseconds?: number): Promise<string> {
  const error = await connect(url, answerMilliseconds).then(
    ({ redis }) => redis.disconnect(),
    (caught: Error) => caught,
  );
  expect(error).toMatchObject({ name: 'RunError' });
  return (error as Error).message;
}

describe('the address of a queue', () => {
  it.each([
    'redis://:hunter2@host:port',
    'redis://:hun/hunter2@host:6379',
    'redis://:hun#hunter2@host:6379',
    'redis://user:hun?hunter2@host:6379',
    'redis://user/x:hunter2@host:6379',
    'redis://host:6379?password=hunter2',
    'redis://host:6379/0#hunter2',
    'http://:hunter2@host:6379',
    'user:hunter2@host:6379',
    ':hunter2@host',
    'redis:hunter2@host',
    'redis:///hunter2',
  ])('that is malformed is refused without a part of it: %s', async (url) => {
    const message = await refusal(url);
    expect(message).not.toContain('hunter2');
    expect(message).toContain('redis://');
  });

  it('of a server that refuses the password is told as that, without the password', async () => {
    const port = await answering('-WRONGPASS invalid username-password pair or user is disabled.');
    const message = await refusal(`redis://:hunter2@127.0.0.1:${port}`);
    expect(message).toMatch(/^the Redis server at redis:\/\/:\*\*\*@127.* refuses the user or password/);
    expect(message).not.toContain('hunter2');
    expect(message).not.toContain('running there');
  });

  it('of a server that asks for a password says where it goes', async () => {
    const port = await answering('-NOAUTH Authentication required.');
    expect(await refusal(`redis://127.0.0.1:${port}`)).toMatch(
      /asks for a password: --queue redis:\/\/:PASSWORD@/,
    );
  });

  it('of a server that never answers is given up', async () => {
    const port = await answering();
    expect(await refusal(`redis://127.0.0.1:${port}`, 50)).toMatch(/no answer within 0.05 seconds/);
  });
});
