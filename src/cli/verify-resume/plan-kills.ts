import { createRandom } from '../../trainer/random/random.js';

/**
 * Where a run is killed: places within it in epochs (1.25 is a quarter into the second epoch), in order, one within each of as
 * many equal stretches of the run. The same seed gives the same places. Pure.
 */
export function planKills({ seed, kills, epochs }: { seed: number; kills: number; epochs: number }): number[] {
  const random = createRandom(seed, 'kills');
  // Not in the last tenth of an epoch, which may be over before anybody notices.
  const length = (epochs - 0.1) / kills;
  return Array.from({ length: kills }, (_, index) => (index + random.uniform(0.05, 0.95)) * length);
}
