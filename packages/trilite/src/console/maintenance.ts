import { dirname } from 'node:path';
import { enterProject, projectAt } from '../config/project';
import { StorageNotWritableError } from '../config/errors';
import { errorCode } from '../support/errors';
import type { Maintenance } from '../support/maintenance';
import type { ConsoleApplication } from './console-application';
import { MaintenanceFileError } from './errors';
import type { Output } from './output';

/** How soon a worker sees that the application has come up. */
const LOOK_EVERY_MS = 250;

/** What works until it is told to pause. */
interface Pausable {
  pause(): void;
  resume(): void;
}

/** The maintenance of an application that need not be able to boot: of its files, only the .env files are read. */
export function maintenanceOf(codePath: string): {
  readonly maintenance: Maintenance;
  readonly basePath: string;
} {
  const { storagePath } = require('../config/env') as typeof import('../config/env');
  const { Maintenance: Its } =
    require('../support/maintenance') as typeof import('../support/maintenance');
  const project = projectAt(codePath);
  enterProject(project);
  return { maintenance: new Its(storagePath()), basePath: project.basePath };
}

/**
 * Begins or ends a maintenance, and says what is in the way of it.
 *
 * @throws E_MAINTENANCE_FILE for a folder in the place of its file, E_STORAGE_NOT_WRITABLE
 */
export function change<T>(maintenance: Maintenance, how: (maintenance: Maintenance) => T): T {
  try {
    return how(maintenance);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    if (code.endsWith('EISDIR')) throw MaintenanceFileError.folder(maintenance.file, error);
    throw StorageNotWritableError.at(dirname(maintenance.file), error);
  }
}

/**
 * Pauses a worker for as long as anybody has a reason to: the application is down, or somebody said so. It goes on when nobody has one left.
 */
export class WorkerPauses {
  readonly #worker: Pausable;
  readonly #reasons = new Set<string>();

  constructor(worker: Pausable) {
    this.#worker = worker;
  }

  pause(reason: string): void {
    this.#reasons.add(reason);
    this.#worker.pause();
  }

  resume(reason: string): void {
    this.#reasons.delete(reason);
    if (this.#reasons.size === 0) this.#worker.resume();
  }

  /** Pauses whenever the application is down for maintenance. @returns what ends that */
  follow(maintenance: Maintenance): () => void {
    let wasDown = false;
    const look = (): void => {
      const { isDown } = maintenance;
      if (isDown !== wasDown) this[isDown ? 'pause' : 'resume']('maintenance');
      wasDown = isDown;
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }
}

/** Says that an application is down to who starts a process of it: it looks like one that does not work. */
export function warnOfMaintenance(
  { maintenance }: Pick<ConsoleApplication, 'maintenance'>,
  output: Output,
  what: string,
): void {
  if (maintenance.isDown) {
    output.warn(`The application is down for maintenance: ${what}. "artisan up" ends it.`);
  }
}
