/** What went wrong, as a scheduler or executor needs to tell it apart. */
export type MesosErrorCode =
  /** No connection, or it broke during a call: whether a call took effect is unknown. */
  | 'connectionFailed'
  | 'timeout'
  /** The event stream ended or broke. */
  | 'streamEnded'
  | 'heartbeatsMissed'
  /** The peer does not speak the protocol. */
  | 'protocol'
  /** 307 */
  | 'notLeader'
  /** 503: recovering, or no leader. */
  | 'unavailable'
  /** 400, in general and in the cases worth telling apart */
  | 'badRequest'
  | 'wrongStream'
  | 'unknownFramework'
  | 'unknownExecutor'
  /** 401 */
  | 'unauthenticated'
  /** 403, and the case that there is no subscription */
  | 'forbidden'
  | 'notSubscribed'
  /** 409 */
  | 'conflict'
  | 'unexpectedStatus'
  /** An ERROR event, and its special cases */
  | 'refused'
  | 'frameworkRemoved'
  | 'failedOver'
  /** The caller's own doing */
  | 'handlerFailed'
  | 'tooManyCalls'
  | 'closed'
  /** Executors: the agent stayed away for too long. */
  | 'recoveryTimeout';

export interface MesosErrorDetails {
  code: MesosErrorCode;
  message: string;
  /** What whoever reads this can do about it. */
  remedy: string;
  /** HTTP status, null if there was none. */
  status?: number | null;
  cause?: unknown;
}

/** Every failure this library reports. Never holds credentials. */
export class MesosError extends Error {
  override readonly name = 'MesosError';
  readonly code: MesosErrorCode;
  readonly status: number | null;
  readonly remedy: string;

  constructor({ code, message, remedy, status = null, cause }: MesosErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.remedy = remedy;
  }
}

/** How long a server's message may be in an error, in characters. */
const MESSAGE_LENGTH_MAX = 2000;

const WAIT = 'wait and try again';

/** The cause behind a status other than success; `body` is the server's text. */
export function refusal(status: number, body: string): MesosError {
  const said = body.trim().slice(0, MESSAGE_LENGTH_MAX) || `HTTP status ${status}`;
  const error = (code: MesosErrorCode, remedy: string) => new MesosError({ code, message: said, remedy, status });
  switch (status) {
    case 307:
      return error('notLeader', 'subscribe at the leading master');
    case 400:
      return badRequest(said, error);
    case 401:
      return error('unauthenticated', "check principal and secret against the server's credentials");
    case 403:
      if (said.includes('not subscribed')) return error('notSubscribed', 'subscribe first');
      return error('forbidden', 'ask the operator to permit this to the principal');
    case 409:
      return error('conflict', 'read the current state and decide again');
    case 503:
      return error('unavailable', WAIT);
    default:
      return error('unexpectedStatus', status >= 500 ? WAIT : 'check that the address is that of a Mesos v1 HTTP API');
  }
}

function badRequest(said: string, error: (code: MesosErrorCode, remedy: string) => MesosError): MesosError {
  if (/stream id|Mesos-Stream-Id/i.test(said))
    return error('wrongStream', 'subscribe again: the master serves another stream');
  if (said.includes('Framework cannot be found')) return error('unknownFramework', 'subscribe again');
  if (said.includes('Executor cannot be found'))
    return error('unknownExecutor', 'end this executor: the agent has let it go');
  return error('badRequest', 'correct the field the message names');
}

/** The cause behind an ERROR event of the scheduler or executor API. */
export function refusalEvent(said: string): MesosError {
  const message = said.slice(0, MESSAGE_LENGTH_MAX);
  if (message.includes('has been removed')) {
    const remedy = 'start with a new framework id; the tasks of the old one are gone';
    return new MesosError({ code: 'frameworkRemoved', message, remedy });
  }
  if (message.includes('failed over')) {
    return new MesosError({
      code: 'failedOver',
      message,
      remedy: 'another scheduler has taken this framework id: let it work',
    });
  }
  return new MesosError({ code: 'refused', message, remedy: 'correct the field of FrameworkInfo the message names' });
}

/** The text of anything thrown. */
export function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const code = (thrown as NodeJS.ErrnoException).code;
  return thrown.message || code || thrown.name;
}
