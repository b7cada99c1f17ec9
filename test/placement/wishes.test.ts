import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AgentSnapshot, type GroupRequest, place } from '../../placement/index.js';
import { constraint } from './build.js';
import {
  affinity,
  assertNoBetterExchange,
  compare,
  counting,
  groupBy,
  instance,
  ladder,
  spreadOnly,
} from './instances.js';
import { isNear } from './oracle.js';

describe('wishes', () => {
  it('refuse nobody', () => {
    fc.assert(
      fc.property(instance(6, 1), fc.array(fc.oneof(counting, groupBy), { maxLength: 3 }), (drawn, preferences) => {
        const { snapshot, seed, groups } = drawn;
        const [asked] = groups as [GroupRequest];
        const placed = (shape: Partial<GroupRequest>) =>
          place({ groups: [{ ...asked, ...shape }], seed }, snapshot).assigned.length;
        assert.equal(placed({ preferences }), placed({}));
      }),
      { numRuns: 600 },
    );
  });

  it('that count are as many as no exchange of a single agent could make more', () => {
    fc.assert(
      fc.property(
        instance(9, 1),
        fc.constantFrom(['rack', 'row'], ['row', 'rack']),
        ({ snapshot, seed, groups }, fields) => {
          const asked = spreadOnly(groups, { preferences: fields.map((field) => constraint(field, 'UNIQUE')) });
          const { chosen } = compare([asked], snapshot, place({ groups: [asked], seed }, snapshot));
          const lacking = (m: number[]) => {
            const all = [...asked.living, ...m.map((i) => snapshot[i] as AgentSnapshot)];
            const values = (field: string) =>
              all.map((at) => at.attributes[field]?.value).filter((one) => one !== undefined);
            return fields.map((field) => -new Set(values(field)).size);
          };
          assertNoBetterExchange(asked, snapshot, chosen, lacking);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are fulfilled by as many replicas as can be', () => {
    fc.assert(
      fc.property(instance(7, 1), affinity, fc.boolean(), ({ snapshot, seed, groups }, drawn, near) => {
        const wish = { ...drawn, required: false };
        const asked = spreadOnly(groups, { near: near ? [wish] : [], apart: near ? [] : [wish] });
        const plan = place({ groups: [asked], seed }, snapshot);
        if (plan.assigned.length === 0) return;
        const { chosen, valid } = compare([asked], snapshot, plan);
        const fulfilled = (m: number[]) =>
          m.filter((i) => isNear(snapshot[i] as AgentSnapshot, wish, ladder, snapshot, !near) === near).length;
        assert.equal(fulfilled(chosen), Math.max(...valid(asked.slots.length).map(fulfilled)));
      }),
      { numRuns: 600 },
    );
  });
});
