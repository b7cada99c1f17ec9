import {
  type ConnectionState,
  type DeliveredSchedulerEvent,
  type MesosError,
  SchedulerClient,
  type SchedulerClientOptions,
} from '../../../framework/mesos-http-client/index.js';
import { type Exchange, ScriptedServer, until } from './scripted-server.js';

export const FRAMEWORK = {
  user: 'root',
  name: 'test',
  roles: ['test'],
  capabilities: [{ type: 'MULTI_ROLE' as const }],
};

export function subscribed(frameworkId = 'F1', heartbeatIntervalSeconds = 15): object {
  return {
    type: 'SUBSCRIBED',
    subscribed: { framework_id: { value: frameworkId }, heartbeat_interval_seconds: heartbeatIntervalSeconds },
  };
}

/** The master's usual behaviour: a stream `stream-N` for SUBSCRIBE, 202 for the rest. */
export function accept(exchange: Exchange, streamId = 'stream-1', heartbeatIntervalSeconds = 15): void {
  if (exchange.request.json.type !== 'SUBSCRIBE') exchange.answer('202 Accepted');
  else {
    exchange.beginStream(streamId);
    exchange.event(subscribed('F1', heartbeatIntervalSeconds));
  }
}

/** A client that notes what it is told. */
export class Watched {
  readonly events: DeliveredSchedulerEvent[] = [];
  readonly states: ConnectionState[] = [];
  readonly client: SchedulerClient;

  constructor(masters: readonly string[], options: Partial<SchedulerClientOptions> = {}) {
    this.client = new SchedulerClient({
      masters,
      framework: FRAMEWORK,
      onEvent: (event) => void this.events.push(event),
      ...options,
      timing: { backoffMinMs: 4, backoffMaxMs: 20, ...options.timing },
      onState: (state) => {
        this.states.push(state);
        options.onState?.(state);
      },
    });
    this.client.subscribe();
  }

  /** Codes of the causes of all disconnections, in order. */
  get causes(): string[] {
    return this.states.flatMap((state) => (state.type === 'disconnected' ? [state.cause.code] : []));
  }

  count(type: ConnectionState['type']): number {
    return this.states.filter((state) => state.type === type).length;
  }

  async subscribedTimes(times: number): Promise<void> {
    await until(
      `subscribed ${times} times`,
      () => this.events.filter(({ type }) => type === 'SUBSCRIBED').length >= times,
    );
  }

  async ended(): Promise<MesosError | null> {
    await until('the client has ended', () => this.count('ended') > 0);
    const last = this.states.at(-1);
    return last?.type === 'ended' ? last.cause : null;
  }
}

/** Masters and clients for one `describe`: what a test starts is closed after it. */
export function schedulerAndMasters() {
  const servers: ScriptedServer[] = [];
  const clients: Watched[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(({ client }) => client.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  return {
    async serve(script: (exchange: Exchange) => void, port = 0): Promise<ScriptedServer> {
      const server = await ScriptedServer.start(script, port);
      servers.push(server);
      return server;
    },
    watch(...args: ConstructorParameters<typeof Watched>): Watched {
      const client = new Watched(...args);
      clients.push(client);
      return client;
    },
  };
}
