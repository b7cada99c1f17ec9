/** The resources of one app, as far as the page reads them. What is not known is null there. */

export interface ReplicaRow {
  slot: number;
  member: number;
  address: string;
  state: string;
  role: string | null;
  guest?: { standing: string };
  term: number | null;
  lagEntries: number | null;
  label: string | null;
  transports?: { member: number; connected: boolean; transport: string; transportReason: string }[];
  divergence: { index: number; otherMember: number } | null;
  joining: { provider: number; bytesDone: number; bytesTotal: number } | null;
  journalError: string | null;
  snapshotError: string | null;
  metrics: ReplicaCounts | null;
  reportedAt: string | null;
  taskId: string;
  host: string;
  zone: string | null;
  attributes: Record<string, string>;
  message: string | null;
}

interface ReplicaCounts {
  commits: number;
  commitLatencyP50Ns: number | null;
  commitLatencyP99Ns: number | null;
}

export interface ReplicasJson {
  group: { awaits: string | null; guest?: GuestRoles } | null;
  replicas: ReplicaRow[];
}

/** Member numbers; null: nobody. */
export interface GuestRoles {
  primary: number | null;
  backup: number | null;
  covered: boolean;
}

export interface TaskJson {
  id: string;
  state: string;
  host: string;
  zone?: string;
  attributes: Record<string, string>;
  ports: number[];
  startedAt?: string;
  message?: string;
  healthCheckResults?: { alive: boolean; lastFailureCause: string | null }[];
}

export interface AppJson {
  id: string;
  tasks: TaskJson[];
  waiting: Waiting | null;
  lastTaskFailure?: { timestamp: string; taskId: string; host: string; state: string; message: string };
}

export interface Waiting {
  count: number;
  since: string;
  sentence: string | null;
  refusals: { sentence: string }[];
}

export interface PlacementJson {
  spread: (string | { domain: string; required?: boolean; maxPerDomain?: number })[];
  tasks: {
    taskId: string;
    slot: number | null;
    state: string;
    host: string;
    zone: string | null;
    attributes: Record<string, string>;
    placement: {
      score: number;
      parts: { name: string; value: number; weight: number }[];
      others: { hostname: string; sentence: string }[];
    } | null;
  }[];
  survives: { sentence: string } | null;
  waiting: Waiting | null;
}

export interface SeriesJson {
  /** Milliseconds since 1970. The lists have the same length. */
  at: number[];
  commitsPerSecond: (number | null)[];
  p50Ns: (number | null)[];
  p99Ns: (number | null)[];
  lagEntries: (number | null)[];
}

export interface TimelineJson {
  events: { at: string; kind: TimelineKind; text: string }[];
}

export type TimelineKind = 'leader' | 'divergence' | 'failure' | 'deployment' | 'member' | 'other';

export interface LogJson {
  offset: number;
  text: string;
  /** The offset that comes after this text. */
  next: number;
}
