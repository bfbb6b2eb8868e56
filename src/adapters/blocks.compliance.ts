import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cidFromDigest } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import type { Blocks } from '#std/ports/blocks.ts'

const cidOf = (bytes: Uint8Array): Cid => cidFromDigest('raw', createHash('sha256').update(bytes).digest())
const three = Uint8Array.of(1, 2, 3)
const first = cidOf(three)
const mebibyte = new Uint8Array(1_048_576).fill(7)
const second = cidOf(mebibyte)
const nothing = new Uint8Array()

/** What every adapter of Blocks must do, those included that check what they read. `open` gives an empty store each time. */
export const describeBlocks = (name: string, open: () => Promise<Blocks> | Blocks): void => {
  describe(`blocks in ${name}`, () => {
    it('gives back what was put, and nothing for what was not', async () => {
      const blocks = await open()
      await blocks.put(first, three)
      expect(new Uint8Array((await blocks.get(first)) ?? [])).toEqual(three)
      expect(await blocks.has(first)).toBe(true)
      expect(await blocks.get(second)).toBeUndefined()
      expect(await blocks.has(second)).toBe(false)
    })

    it('keeps an empty block and one of a mebibyte', async () => {
      const blocks = await open()
      await blocks.put(cidOf(nothing), nothing)
      await blocks.put(second, mebibyte)
      expect((await blocks.get(cidOf(nothing)))?.length).toBe(0)
      expect((await blocks.get(second))?.every(byte => byte === 7)).toBe(true)
    })

    it('is not changed by what its callers do with their arrays', async () => {
      const blocks = await open()
      const bytes = three.slice()
      await blocks.put(first, bytes)
      bytes[0] = 9
      const got = await blocks.get(first)
      got?.fill(8)
      expect((await blocks.get(first))?.[0]).toBe(1)
    })

    it('needs the memory of a block no longer than putting it takes to return', async () => {
      const blocks = await open()
      const bytes = three.slice()
      const stored = blocks.put(first, bytes)
      bytes.fill(0)
      expect([...((await blocks.get(first)) ?? three)]).toEqual([1, 2, 3])
      await stored
      expect([...((await blocks.get(first)) ?? [])]).toEqual([1, 2, 3])
    })

    it('gives a block the same whatever memory it is offered, and keeps none of it', async () => {
      const blocks = await open()
      await blocks.put(first, three)
      for (const offered of [0, 2, 3, 10]) {
        const memory = new Uint8Array(offered).fill(9)
        expect([...((await blocks.get(first, memory)) ?? [])]).toEqual([1, 2, 3])
        memory.fill(8)
        expect(await blocks.get(second, memory)).toBeUndefined()
      }
      expect([...((await blocks.get(first)) ?? [])]).toEqual([1, 2, 3])
    })

    it('takes the same block many times at once', async () => {
      const blocks = await open()
      await Promise.all(Array.from({ length: 20 }, () => blocks.put(first, three)))
      expect((await blocks.get(first))?.[0]).toBe(1)
    })
  })
}
