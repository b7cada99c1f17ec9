import { toJson } from '../spec.js';
import { type Context, findApp, reportIgnored } from './context.js';
import { noPlan } from './errors.js';
import { requireCovered } from './permissions.js';
import type { Resource } from './resource.js';
import { idIn, judge, ownerOf, requireKnown, requireTree } from './specs.js';

/** `POST /v2/plan`: where the tasks of a spec would go on the offers at hand. Changes nothing. */
export function planResource({ service, changes }: Context): Resource {
  return {
    POST: async (request, reply) => {
      const view = service.view();
      const existing = findApp(view, idIn(request.body) ?? '')?.spec ?? null;
      const version = changes.nextVersion(view);
      const mode = existing === null ? 'create' : 'put';
      const { spec, ignored } = judge(request.body, { mode, existing, version, ...ownerOf(view) });
      requireCovered(request.user, [spec.id]);
      requireKnown(request, ignored);
      requireTree(view, [spec]);
      reportIgnored(reply, ignored);
      const plan = service.plan(spec);
      const preemption = plan.unplaced.length > 0 ? await service.preemption(spec).catch(noPlan) : null;
      return { app: toJson(spec), exists: existing !== null, plan, preemption };
    },
  };
}
