import { WorkIndexModel, type Setting, type State } from './work-index-model';

/** What an enumeration found. */
export interface Findings {
  readonly states: number;
  /** The way to a final state with a job and no hint. */
  readonly stranded: string | undefined;
  /** The way to a final state with a due job and a hint that is not due, though nobody crashed. */
  readonly late: string | undefined;
}

/** Goes through every state that can be reached, the nearest first. */
export function enumerate(setting: Setting): Findings {
  const model = new WorkIndexModel(setting);
  const seen = new Set([keyOf(model.start)]);
  const open = [{ state: model.start, way: '' }];
  let stranded: string | undefined;
  let late: string | undefined;
  for (const { state, way } of open) {
    if (isStranded(state)) stranded ??= way;
    if (isLate(state)) late ??= way;
    for (const move of model.moves(state)) {
      const next = model.after(state, move);
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      open.push({ state: next, way: `${way}\n${move.kind} ${move.who ?? ''} ${move.index}` });
    }
  }
  return { states: seen.size, stranded, late };
}

/** Whether nothing is in hand: what is there now stays, but for time. */
function isFinal({ dispatchers, workers, orphans }: State): boolean {
  return (
    orphans.length === 0 &&
    dispatchers.every(({ at }) => at === 'done' || at === 'crashed') &&
    workers.every(({ at }) => at === 'idle')
  );
}

function isStranded(state: State): boolean {
  return isFinal(state) && state.due + state.later > 0 && state.row === undefined;
}

function isLate(state: State): boolean {
  return isFinal(state) && !state.hasCrashed && state.due > 0 && state.row?.ready !== 'due';
}

/** The same for states that differ only in who is who. */
function keyOf({ row, dispatchers, workers, orphans, ...numbers }: State): string {
  const all = [
    row === undefined ? 'none' : `${row.ready}${row.isYoung}`,
    dispatchers.map(({ at, isDelayed }) => `${at}${isDelayed}`).sort(),
    workers.map(({ at, lease, found, wasYoung }) => `${at}${lease}${found}${wasYoung}`).sort(),
    [...orphans].sort(),
    numbers.due,
    numbers.later,
    numbers.crashesLeft,
    numbers.putBacksLeft,
    numbers.hasCrashed,
  ];
  return all.join(' ');
}
