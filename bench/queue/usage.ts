import { monotonicMs } from '../lib/time';

/** What a process has used since it began, at a moment of the clock that all processes share. */
export interface Usage {
  readonly atMs: number;
  readonly cpuMs: number;
  /** How often it, or one of its threads, gave the core back of itself: to wait. */
  readonly waits: number;
}

/** What this process has used. */
export function usage(): Usage {
  const { userCPUTime, systemCPUTime, voluntaryContextSwitches } = process.resourceUsage();
  return {
    atMs: monotonicMs(),
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    waits: voluntaryContextSwitches,
  };
}
