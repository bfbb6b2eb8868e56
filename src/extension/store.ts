import * as v from 'valibot'
import { wireOf } from '#bridge/wire.ts'
import { ParatiiError } from '#std/error.ts'

/** The part of `chrome.storage.StorageArea` that is used. */
export interface StorageArea {
  get(key: string): Promise<Record<string, unknown>>
  set(items: Record<string, unknown>): Promise<void>
  remove(key: string): Promise<void>
}

/** One value under one key, changed by one caller at a time. */
export type Cell<T> = {
  read(): Promise<T | undefined>
  /** Puts what `change` makes of the present value; resolves when it is stored. What it throws changes nothing. */
  update(change: (value: T | undefined) => T | Promise<T>): Promise<T>
  remove(): Promise<void>
}

/**
 * A cell in an area of the browser's storage, read through a schema: a value that does not fit it is `store-failed`,
 * never taken for none, so that a vault of a newer version is not overwritten.
 */
export function createCell<T>(area: StorageArea, key: string, schema: v.GenericSchema<unknown, T>): Cell<T> {
  let turn: Promise<unknown> = Promise.resolve()
  const read = async (): Promise<T | undefined> => {
    const stored = (await area.get(key))[key]
    if (stored === undefined) return undefined
    const parsed = v.safeParse(schema, stored)
    if (!parsed.success) throw new ParatiiError('store-failed', { key })
    return parsed.output
  }
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  return {
    read: () => inTurn(read),
    update: change =>
      inTurn(async () => {
        const value = await change(await read())
        await area.set({ [key]: wireOf(value) })
        return value
      }),
    remove: () => inTurn(() => area.remove(key)),
  }
}
