import { show } from './statistics';

/** One benchmark: a file of this folder exports one, `run.ts` lists it. */
export interface Benchmark {
  readonly name: string;
  /** What it compares, in one sentence. */
  readonly shows: string;
  /** For how long each side of the comparison is measured, in seconds, where `--seconds` does not say. */
  readonly seconds: { readonly alone: number; readonly among: number };
  /** Measures, prints its tables, and answers which floors were held. */
  run(context: BenchmarkContext): Promise<readonly Floor[]>;
}

/** What a benchmark is given. */
export interface BenchmarkContext {
  /** An empty folder, removed afterwards. */
  readonly folder: string;
  /** For how long each side is measured, in all of its rounds together. */
  readonly seconds: number;
}

/** A figure that must be reached, and the one that was. */
export interface Floor {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly holds: boolean;
}

/** The floor under a figure: it may not be less. */
export function atLeast(limit: number, { what, value, unit }: Figure): Floor {
  return floor('≥', limit, { what, value, unit });
}

/** The limit above a figure: it may not be more. */
export function atMost(limit: number, { what, value, unit }: Figure): Floor {
  return floor('≤', limit, { what, value, unit });
}

interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

function floor(sign: '≥' | '≤', limit: number, { what, value, unit }: Figure): Floor {
  return {
    what,
    limit: `${sign} ${limit}${unit}`,
    measured: `${show(value, Number.isInteger(value) ? 0 : 2)}${unit}`,
    holds: sign === '≥' ? value >= limit : value <= limit,
  };
}
