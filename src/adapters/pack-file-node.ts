import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { ParatiiError } from '#std/error.ts'
import type { PackFile } from './pack-file.ts'

/** A file of the disk, made if there is none. It belongs to one process at a time. */
export const openNodeFile = (path: string): PackFile => {
  const file = openFile(path)
  return {
    read: (bytes, { at }) => readSync(file, bytes, 0, bytes.length, at),
    write: (bytes, { at }) => writeSync(file, bytes, 0, bytes.length, at),
    getSize: () => fstatSync(file).size,
    truncate: byteCount => ftruncateSync(file, byteCount),
    flush: () => fsyncSync(file),
    close: () => closeSync(file),
  }
}

const openFile = (path: string): number => {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  } catch (cause) {
    throw new ParatiiError('store-failed', {}, cause)
  }
}
