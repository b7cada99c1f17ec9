import { amountText, reservationsOf } from '../../mesos-http-client/resources.js';
import type { ReservationInfo, Resource } from '../../mesos-http-client/types.js';

/** Resources as Mesos prints them in its messages: `cpus(allocated: r)(reservations: [(DYNAMIC,r,p,{k: v})]):0.1`. */

export function resourceText(resource: Resource): string {
  const allocation = resource.allocation_info ? `(allocated: ${resource.allocation_info.role})` : '';
  const reservations = reservationsOf(resource).map(reservationText).join(',');
  const stack = reservations === '' ? '' : `(reservations: [${reservations}])`;
  return `${resource.name}${allocation}${stack}${volumeText(resource)}:${amountText(resource)}`;
}

export const resourcesText = (resources: readonly Resource[]): string => resources.map(resourceText).join('; ');

function reservationText({ type = 'DYNAMIC', role, principal, labels }: ReservationInfo): string {
  const pairs = labels?.labels.map(({ key, value }) => (value === undefined ? key : `${key}: ${value}`)).join(', ');
  const parts = [type, role, ...(principal === undefined ? [] : [principal]), ...(pairs ? [`{${pairs}}`] : [])];
  return `(${parts.join(',')})`;
}

function volumeText({ disk }: Resource): string {
  return disk?.persistence ? `[${disk.persistence.id}:${disk.volume?.container_path ?? ''}]` : '';
}
