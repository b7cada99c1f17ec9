import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { GuestReport, RoundReport } from '../../../executor/assignment.js';
import type { ColoNews } from '../../../executor/vm/colo-loop.js';
import { Pair, type PairAction, type PairEvent } from '../../../executor/vm/pair.js';
import { type GuestStatus, parsePlaneLine, type RelayStatus, roundWishes } from '../../../executor/vm/plane-lines.js';
import { handOverLimitMs } from '../../../executor/vm/wishes.js';

const uri = 'unix:m';
const offer: PairEvent = { type: 'offerBackup', member: 2, host: '10.0.0.2', port: 7 };

function entered(phase: Extract<ColoNews, { type: 'entered' }>['phase'], reason: string | null = null): PairEvent {
  return { type: 'colo', news: { type: 'entered', phase, reason } };
}
const severed: PairEvent = { type: 'colo', news: { type: 'severed' } };

const endedRound: RoundReport = {
  ...{ number: 1, trigger: 'time', dirtyPages: 2, unchangedPages: 3, zeroPages: 4, equalPages: 5, sentPages: 6 },
  ...{ wholePages: 1, streamBytes: 7, toBackupBytes: 8, pauseUs: 9, sleeps: false },
};

/** In few words. */
function word(action: PairAction): string {
  if (action.type === 'order') return action.line;
  if (action.type === 'colo') return `colo: ${action.event.type}`;
  if (action.type === 'useless' && action.asked) return 'useless as asked';
  if (action.type === 'giveWay') return action.gives ? 'gives way' : 'gives way no more';
  return action.type;
}

/** A member of a group, whose log and relay the test plays. */
class Member {
  nowMs = 1000;
  guest: GuestStatus = {
    ...{ epoch: 1, primary: 1, backup: 0, connected: true },
    ...{ cut: 0, drained: false, round: 0, roundWanted: null },
  };
  readonly pair: Pair;
  told: GuestReport;

  constructor(
    readonly self: number,
    start: 'alone' | 'awaiting',
    hasDisk = false,
  ) {
    this.pair = new Pair(self, start, uri, hasDisk);
    this.told = { standing: start, relayPort: 0, epoch: 0, primary: 0, backup: 0, synced: 0 };
  }

  on(...events: PairEvent[]): string[] {
    const actions = events.flatMap((event) => this.pair.step(event, this.nowMs));
    return actions.flatMap((action) => (action.type === 'guest' ? this.news(action.guest) : [word(action)]));
  }

  /** Of a report what the log has not said. */
  private news(guest: GuestReport): string[] {
    assert.notDeepEqual(guest, this.told, 'nothing has changed');
    const { standing, relayPort, synced } = this.told;
    this.told = guest;
    const words = [
      guest.standing === standing ? '' : `-> ${guest.standing}`,
      guest.relayPort > relayPort ? 'ready' : '',
    ];
    return [...words, guest.synced === synced ? '' : `synced ${guest.synced}`].filter((text) => text !== '');
  }

  log(change: Partial<GuestStatus>): string[] {
    this.guest = { ...this.guest, ...change };
    return this.on({ type: 'plane', line: { type: 'guest', guest: this.guest } });
  }

  relay(end: RelayStatus['end'], port = 0): string[] {
    return this.on({ type: 'plane', line: { type: 'relay', relay: { end, port, why: 'gone' } } });
  }

  /** gaia-vm says that one has ended. */
  round(trigger: string, sleeps = false): string[] {
    const number = this.guest.round + 1;
    this.log({ round: number });
    const words = this.on({
      type: 'plane',
      line: { type: 'round', round: { ...endedRound, number, trigger, sleeps } },
    });
    return words.filter((text) => text !== 'round');
  }

  refused(order: string): string[] {
    return this.on({ type: 'plane', line: { type: 'refused', order, message: 'no' } });
  }

  pass(ms: number): string[] {
    this.nowMs += ms;
    return this.on({ type: 'time' });
  }
}

function seeding(): Member {
  const member = new Member(1, 'alone');
  member.log({});
  member.on(offer);
  member.relay('primary');
  member.log({ backup: 2, epoch: 2 });
  member.on(entered('seeding'));
  return member;
}

function covered(): Member {
  const member = seeding();
  assert.deepEqual(member.on(entered('primary')), ['round seed']);
  assert.deepEqual(member.round('seed'), ['-> covered']);
  return member;
}

function backup(hasDisk = false): Member {
  const member = new Member(2, 'awaiting', hasDisk);
  member.log({});
  member.relay('backup', 7);
  member.log({ backup: 2, epoch: 2 });
  member.on(entered('backup'));
  return member;
}

describe('executor vm: a pair', () => {
  it('names the backup before the seed, and is covered when the round after it has ended', () => {
    const member = new Member(1, 'alone');
    assert.deepEqual(member.on(offer), [], 'the log has not said yet who is primary');
    assert.deepEqual(member.log({}), []);
    assert.deepEqual(member.on(offer), ['dial 2 10.0.0.2 7']);
    assert.deepEqual(member.pass(1), []);
    assert.deepEqual(member.relay('primary'), ['backup 2']);
    assert.deepEqual(member.log({ backup: 2, epoch: 2 }), ['colo: seed']);
    assert.deepEqual(member.on(entered('seeding')), ['-> seeding']);
    assert.deepEqual(member.on(entered('primary')), ['round seed']);
    assert.deepEqual(member.pass(1000), [], 'it is ordered once');
    assert.deepEqual(member.round('seed'), ['-> covered']);
  });

  it('strikes a lost backup from the log before its guest goes on alone, and takes another one then', () => {
    for (const lose of [(member: Member) => member.on(severed), (member: Member) => member.relay(null)]) {
      const member = covered();
      const said = lose(member);
      assert.ok(said.includes('backup 0') && said.includes('-> alone'), said.join());
      if (!said.includes('part')) assert.deepEqual(member.pass(1), []);
      member.relay(null);
      assert.deepEqual(member.log({ backup: 0, epoch: 3 }), ['colo: partnerLost']);
      assert.deepEqual(member.on(entered('parting')), ['colo: partnerLost']);
      assert.deepEqual(member.on(offer), []);
      assert.deepEqual(member.on(entered('alone')), ['backupLost']);
      assert.deepEqual(member.on(offer), ['dial 2 10.0.0.2 7']);
    }
  });

  it('gives a backup up that cannot be dialed or seeded', () => {
    const refused = new Member(1, 'alone');
    refused.log({});
    refused.on(offer);
    assert.deepEqual(refused.refused('dial 2 10.0.0.2 7'), ['backupLost']);
    const member = seeding();
    assert.deepEqual(member.on(entered('alone', 'no socket')), ['part', 'backup 0', '-> alone']);
    assert.deepEqual(member.relay(null), []);
    assert.deepEqual(member.log({ backup: 0, epoch: 3 }), ['backupLost']);
  });

  it('a backup is ready when the relay listens, and goes on alone when the log makes it the primary', () => {
    const member = new Member(2, 'awaiting');
    member.log({});
    assert.deepEqual(member.relay('backup', 7), ['ready']);
    member.log({ backup: 2, epoch: 2 });
    assert.deepEqual(member.on(entered('backup')), ['seeded', '-> backup']);
    assert.deepEqual(member.on(severed), []);
    assert.deepEqual(member.relay(null), []);
    assert.deepEqual(member.log({ primary: 2, backup: 0, epoch: 3 }), ['colo: partnerLost']);
    assert.deepEqual(member.on(entered('parting')), ['colo: partnerLost', '-> alone']);
    assert.deepEqual(member.on(entered('alone')), []);
    assert.deepEqual(member.on({ type: 'offerBackup', member: 4, host: 'h', port: 8 }), ['dial 4 h 8']);
  });

  it('has a round begin when an operator wants one, once for each request, and says which one it has answered', () => {
    const sync = (request: number): PairEvent => ({ type: 'syncGuest', request });
    const member = covered();
    assert.deepEqual(member.on(sync(70)), ['round operator']);
    assert.deepEqual(member.round('idle'), [], 'one that began before');
    assert.deepEqual(member.on(sync(70)), []);
    assert.deepEqual(member.round('operator'), ['synced 70']);
    assert.deepEqual(member.on(sync(70)), [], 'an order that is repeated');
    assert.deepEqual(member.on(sync(71)), ['round operator']);
    assert.deepEqual(member.on(sync(72)), [], 'one after the other');
    assert.deepEqual(member.round('operator'), ['round operator', 'synced 71']);
    const alone = new Member(1, 'alone');
    alone.log({});
    assert.deepEqual(alone.on(sync(5)), [], 'nobody to be the same as');
    const early = seeding();
    early.on(sync(5), entered('primary'));
    assert.deepEqual(early.round('seed'), ['round operator', '-> covered']);
    const lost = covered();
    lost.on(sync(7), severed);
    lost.log({ backup: 0, epoch: 3 });
    lost.relay(null);
    assert.deepEqual(lost.round('operator'), [], 'of a session that is given up');
    assert.equal(lost.told.synced, 0);
  });

  it("has QEMU's main loop give way while the backup sleeps, and no more when that wakes or is lost", () => {
    const member = covered();
    assert.deepEqual(member.round('idle', true), ['gives way']);
    assert.deepEqual(member.round('idle', true), []);
    assert.deepEqual(member.round('time'), ['gives way no more']);
    assert.deepEqual(member.round('idle', true), ['gives way']);
    assert.equal(member.on(severed)[0], 'gives way no more');
    assert.deepEqual(member.round('idle', true), [], 'of a session that is given up');
    const awake = covered();
    assert.ok(!awake.on(severed).includes('gives way no more'), 'it did not');
  });

  it('hands over to its backup after one more round, and ends as asked when the log makes that the primary', () => {
    const member = covered();
    const failOver = (toMember: number): PairEvent => ({ type: 'failOver', toMember });
    assert.deepEqual(member.on(failOver(3)), [], 'no backup of this guest');
    assert.deepEqual(member.on(failOver(2)), ['round failover']);
    assert.deepEqual(member.round('failover'), ['transfer 2']);
    assert.deepEqual(member.pass(500), ['transfer 2']);
    const sooner = member.relay(null);
    assert.deepEqual(sooner, ['backup 0', '-> alone'], 'the new primary ends the stream before the log comes here');
    assert.deepEqual(member.log({ primary: 2, backup: 0, epoch: 3 }), ['useless as asked']);
    assert.deepEqual(seeding().on(failOver(2)), [], 'not covered');
  });

  it('goes on as it was when its backup does not take over or is lost, and can be asked again', () => {
    const late = covered();
    late.on({ type: 'failOver', toMember: 2 });
    late.round('failover');
    assert.ok(late.pass(handOverLimitMs).includes('transfer 2'));
    assert.deepEqual(late.pass(1), ['notFailedOver']);
    assert.deepEqual(late.on({ type: 'failOver', toMember: 2 }), ['round failover']);
    const lost = covered();
    lost.on({ type: 'failOver', toMember: 2 });
    assert.deepEqual(lost.relay(null), ['backup 0', '-> alone']);
    assert.deepEqual(lost.log({ backup: 0, epoch: 3 }), ['colo: partnerLost']);
    assert.deepEqual(lost.pass(500), []);
    assert.deepEqual(lost.log({ primary: 2, epoch: 4 }), ['useless'], 'nobody asked for that');
  });

  it('ends a cut that outlives its session', () => {
    const member = backup();
    member.relay(null);
    assert.deepEqual(member.log({ cut: 5 }), ['abandoned 5']);
    const other = backup();
    assert.deepEqual(other.log({ cut: 5 }), []);
  });

  it('is useless when the log goes on without it, or without the whole state', () => {
    const struck = backup();
    assert.deepEqual(struck.log({ backup: 0, epoch: 3 }), ['useless']);
    const deposed = covered();
    assert.deepEqual(deposed.log({ primary: 2, backup: 0, epoch: 3 }), ['useless']);
    assert.deepEqual(deposed.told, { ...covered().told, epoch: 2, primary: 1, backup: 2 }, 'what it knew last');
    const early = new Member(2, 'awaiting');
    early.log({});
    early.relay('backup', 7);
    assert.deepEqual(early.relay(null), ['useless']);
    assert.deepEqual(backup().on(entered('useless', 'x')), ['useless']);
    assert.deepEqual(new Member(2, 'awaiting').refused('listen'), ['useless']);
    assert.deepEqual(struck.log({ primary: 2 }), []);
    const fatal: PairEvent = { type: 'plane', line: { type: 'fatal', message: 'no disk' } };
    assert.deepEqual(covered().on(fatal), ['useless']);
  });

  it('is useless when its primary is lost between the seed and the first round, and its guest has a disk that the seed does not bring', () => {
    const whole = backup();
    whole.relay(null);
    assert.deepEqual(whole.pass(60_000), [], 'it has the guest, and waits for the log');
    const forsaken = backup(true);
    assert.deepEqual(forsaken.relay(null), []);
    assert.deepEqual(forsaken.pass(4999), []);
    assert.deepEqual(forsaken.pass(1), ['useless']);
    const given = backup(true);
    given.relay(null);
    given.log({ round: 1 });
    assert.deepEqual(given.pass(60_000), [], 'it has the guest, and waits for the log');
    const attended = backup(true);
    assert.deepEqual(attended.pass(60_000), [], 'the relay is there: the round may come');
  });

  it('leaves the guest to its backup when its own QEMU gives no sign of life, and to nobody without one', () => {
    const deaf: PairEvent = { type: 'colo', news: { type: 'deaf' } };
    for (const other of [new Member(1, 'alone'), seeding(), backup()]) assert.deepEqual(other.on(deaf), []);
    assert.deepEqual(covered().on(deaf), ['useless']);
  });

  it('keeps its promises in any order of events', () => {
    const status = fc.record({
      ...{ epoch: fc.nat(9), primary: fc.constantFrom(1, 2), backup: fc.constantFrom(0, 1, 2) },
      ...{ connected: fc.boolean(), cut: fc.nat(3), drained: fc.boolean(), round: fc.nat(3) },
      roundWanted: fc.constantFrom<GuestStatus['roundWanted']>(null, ...roundWishes),
    });
    const phases = fc.constantFrom('alone', 'seeding', 'primary', 'backup', 'parting', 'useless' as const);
    const event: fc.Arbitrary<PairEvent> = fc.oneof(
      fc.constantFrom(offer, severed, { type: 'time' as const }),
      fc.constantFrom({ type: 'failOver' as const, toMember: 2 }, { type: 'syncGuest' as const, request: 1 }),
      fc.constantFrom('seed', 'operator', 'failover').map((trigger) => ({
        type: 'plane' as const,
        line: { type: 'round' as const, round: { ...endedRound, trigger } },
      })),
      phases.map((phase) => entered(phase as 'alone')),
      status.map((guest) => ({ type: 'plane' as const, line: { type: 'guest' as const, guest } })),
      fc.constantFrom('primary' as const, 'backup' as const, null).map((end) => ({
        type: 'plane' as const,
        line: { type: 'relay' as const, relay: { end, port: 7, why: '' } },
      })),
    );
    fc.assert(
      fc.property(fc.constantFrom('alone' as const, 'awaiting' as const), fc.array(event), (start, events) => {
        const pair = new Pair(1, start, uri);
        let guest: GuestStatus | null = null;
        let over = false;
        for (const [place, one] of events.entries()) {
          if (one.type === 'plane' && one.line.type === 'guest') guest = one.line.guest;
          const said = pair.step(one, 200 * place).map(word);
          if (over) assert.deepEqual(said, []);
          over ||= said.includes('useless');
          // Only whom the log calls the primary, and without a backup, goes on alone; only with one is it seeded.
          const mine = guest?.primary === 1;
          if (said.includes('colo: partnerLost')) assert.ok(mine && guest?.backup === 0);
          if (said.includes('colo: seed')) assert.ok(mine && guest?.backup === 2);
          if (said.includes('transfer 2')) assert.ok(mine);
        }
      }),
    );
  });
});

describe('executor vm: the lines of gaia-vm', () => {
  it('are read; those of other kinds are none', () => {
    const guest = new Member(1, 'alone').guest;
    assert.deepEqual(parsePlaneLine(JSON.stringify({ type: 'guest', ...guest })), { type: 'guest', guest });
    const relay = parsePlaneLine('{"type":"relay","end":null,"why":"by order"}');
    assert.deepEqual(relay, { type: 'relay', relay: { end: null, port: 0, why: 'by order' } });
    const frames = {
      ...{ inputs: 1, outputs: 2, lost: 3 },
      ...{ equalOutputs: 4, mismatches: 5, heldBytes: 6, unheardMs: 7 },
    };
    assert.deepEqual(parsePlaneLine(JSON.stringify({ type: 'frames', ...frames })), { type: 'frames', frames });
    assert.deepEqual(parsePlaneLine(JSON.stringify({ type: 'round', ...endedRound, againPages: 1 })), {
      type: 'round',
      round: endedRound,
    });
    assert.equal(parsePlaneLine('{"type":"hello","pid":1}'), null);
    assert.throws(() => parsePlaneLine('{"type":"relay","end":"x"}'), /end is "x"; it must be one of primary, backup/);
  });
});
