/** What we say to QEMU's machine protocol (QMP) and what it says to us, as far as we use it; QEMU 7.2's schema. */

/** `RunState` of QEMU. */
export type RunState =
  | ('colo' | 'debug' | 'finish-migrate' | 'guest-panicked' | 'inmigrate' | 'internal-error' | 'io-error')
  | ('paused' | 'postmigrate' | 'prelaunch' | 'restore-vm' | 'running' | 'save-vm' | 'shutdown' | 'suspended')
  | 'watchdog';

export type MigrationStatus =
  | ('none' | 'setup' | 'cancelling' | 'cancelled' | 'active' | 'postcopy-active' | 'postcopy-paused')
  | ('postcopy-recover' | 'completed' | 'failed' | 'colo' | 'pre-switchover' | 'device' | 'wait-unplug');

type None = Record<string, never>;

/** By name: what a command takes and what it gives back. */
export interface QmpCommands {
  qmp_capabilities: { takes: None; gives: None };
  'query-status': { takes: None; gives: { status: RunState; running: boolean } };
  'query-kvm': { takes: None; gives: { enabled: boolean; present: boolean } };
  cont: { takes: None; gives: None };
  stop: { takes: None; gives: None };
  quit: { takes: None; gives: None };
  /** Presses the guest's power button. */
  system_powerdown: { takes: None; gives: None };
  'migrate-set-capabilities': { takes: { capabilities: { capability: string; state: boolean }[] }; gives: None };
  /** In COLO state any call with `x-checkpoint-delay` (ms) begins a checkpoint at once. */
  'migrate-set-parameters': {
    takes: { 'x-checkpoint-delay'?: number; 'max-bandwidth'?: number; 'announce-rounds'?: number };
    gives: None;
  };
  migrate: { takes: { uri: string }; gives: None };
  'migrate-incoming': { takes: { uri: string }; gives: None };
  migrate_cancel: { takes: None; gives: None };
  'query-migrate': { takes: None; gives: { status?: MigrationStatus; 'error-desc'?: string } };
  'query-colo-status': { takes: None; gives: { mode: ColoMode; 'last-mode': ColoMode; reason: ColoExitReason } };
  'x-colo-lost-heartbeat': { takes: None; gives: None };
}

export type ColoMode = 'none' | 'primary' | 'secondary';
export type ColoExitReason = 'none' | 'request' | 'error' | 'processing';

export type QmpCommand = keyof QmpCommands;

/** Events that are acted upon; others have the same form. */
export type QmpEvent =
  | { event: 'STOP' | 'RESUME' }
  | { event: 'SHUTDOWN'; data: { guest: boolean; reason: string } }
  | { event: 'MIGRATION'; data: { status: MigrationStatus } }
  | { event: 'COLO_EXIT'; data: { mode: ColoMode; reason: ColoExitReason } };

export interface QmpVersion {
  /** `7.2.22` */
  version: string;
  /** The distribution's words; may be empty. */
  package: string;
}
