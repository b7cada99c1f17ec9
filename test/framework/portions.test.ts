import assert from 'node:assert/strict';
import { parseResources, type Resource, reserved, volumeOn } from '../../framework/mesos-http-client/index.js';
import { keptFor, splitOf, unmeant } from '../../framework/scheduler/portions.js';

const own = { gaia_framework_id: 'fw-1', gaia_app_id: '/keep', gaia_instance_id: 'keep-1' };
const labelled = (labels: Record<string, string>, role = 'gaia') => ({
  type: 'DYNAMIC' as const,
  role,
  labels: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) },
});
const disk = (mb: number) => parseResources(`disk:${mb}`)[0] as Resource;
const kept = reserved(disk(60), labelled(own));
const volume = volumeOn(kept, 40, 'v', null, { mode: 'RW', container_path: 'data' });
const split = (...resources: Resource[]) => {
  const { free, portions = [] } = splitOf(resources, 'fw-1');
  return { free: free.disk, portions: portions.map(({ resources: { disk }, ...about }) => ({ disk, ...about })) };
};

describe('scheduler: whose the parts of an offer are', () => {
  it('what is not reserved is free, what is reserved without labels is for its role', () => {
    const refined = reserved(reserved(disk(3), { type: 'STATIC', role: 'eng' }), { type: 'DYNAMIC', role: 'eng/web' });
    assert.deepEqual(split(disk(1), ...parseResources('disk(eng):2'), refined), {
      free: 1,
      portions: [
        { disk: 2, reservedFor: ['eng'] },
        { disk: 3, reservedFor: ['eng', 'eng/web'] },
      ],
    });
  });

  it('what has our labels is kept for its instance, with its volumes', () => {
    assert.deepEqual(split(kept, volume), { free: 0, portions: [{ disk: 100, keptFor: 'keep-1' }] });
    assert.deepEqual(keptFor([disk(1), kept, volume], 'keep-1', 'fw-1'), [kept, volume]);
  });

  it('in the format of older frameworks, too', () => {
    const { reservations: _, ...bare } = kept;
    const { labels } = labelled(own);
    const old = { ...bare, role: 'gaia', reservation: { labels } } as Resource;
    assert.deepEqual(split(old), { free: 0, portions: [{ disk: 60, keptFor: 'keep-1' }] });
    assert.deepEqual(split({ ...bare, role: 'gaia' } as Resource).portions, [{ disk: 60, reservedFor: ['gaia'] }]);
  });

  it('what others have labelled, other lives of the framework among them, and volumes without labels are left alone', () => {
    const foreign = [
      reserved(disk(1), labelled({ marathon_framework_id: 'm' })),
      reserved(disk(2), labelled({ ...own, gaia_framework_id: 'fw-0' })),
      volumeOn(reserved(disk(3), { type: 'DYNAMIC', role: 'gaia' }), 3, 'w', null, { mode: 'RW', container_path: 'd' }),
    ];
    assert.deepEqual(split(...foreign), { free: 0, portions: [] });
    assert.deepEqual(unmeant(foreign), []);
  });

  it('what can be revoked is a portion of its own, by its role', () => {
    const [mine, any] = [parseResources('disk(gaia):2')[0] as Resource, disk(1)].map((one) => ({
      ...one,
      revocable: {},
    }));
    assert.deepEqual(split(any as Resource, mine as Resource), {
      free: 0,
      portions: [
        { disk: 1, revocable: true },
        { disk: 2, revocable: true, reservedFor: ['gaia'] },
      ],
    });
  });
});
