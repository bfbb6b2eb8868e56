import { describe, expect, it } from 'vitest'
import type { Records } from '#std/ports/records.ts'

/** What every adapter of Records must do. `open` gives an empty store each time. */
export const describeRecords = (name: string, open: () => Promise<Records> | Records): void => {
  describe(`records in ${name}`, () => {
    it('keeps what was written, exactly', async () => {
      const records = await open()
      const value =
        '{"amount":"115792089237316195423570985008687907853269984665640564039457584007913129639935","é":"\\u0000"}'
      await records.write([{ table: 't', key: 'k', value }])
      expect(await records.get('t', 'k')).toBe(value)
    })

    it('knows nothing of keys and tables never written', async () => {
      const records = await open()
      expect(await records.get('t', 'k')).toBeUndefined()
      expect(await records.list('t', '')).toEqual([])
    })

    it('replaces and removes', async () => {
      const records = await open()
      await records.write([{ table: 't', key: 'k', value: '1' }])
      await records.write([{ table: 't', key: 'k', value: '2' }])
      expect(await records.get('t', 'k')).toBe('2')
      await records.write([{ table: 't', key: 'k', value: undefined }])
      expect(await records.get('t', 'k')).toBeUndefined()
      await records.write([{ table: 't', key: 'never', value: undefined }])
    })

    it('does the changes of one write in their order', async () => {
      const records = await open()
      await records.write([
        { table: 't', key: 'k', value: '1' },
        { table: 't', key: 'k', value: undefined },
        { table: 't', key: 'k', value: '3' },
        { table: 't', key: 'l', value: '1' },
        { table: 't', key: 'l', value: undefined },
      ])
      expect(await records.list('t', '')).toEqual([{ key: 'k', value: '3' }])
    })

    it('keeps tables apart', async () => {
      const records = await open()
      await records.write([
        { table: 'a', key: 'k', value: '1' },
        { table: 'ab', key: 'k', value: '2' },
      ])
      expect(await records.list('a', '')).toEqual([{ key: 'k', value: '1' }])
      expect(await records.get('b', 'k')).toBeUndefined()
    })

    it('lists by prefix in ascending order of bytes, from after a key, up to a limit', async () => {
      const records = await open()
      const keys = ['a', 'a/', 'a/1', 'a/10', 'a/2', 'a/B', 'a/_', 'a/b', 'a/~', 'a0', 'b']
      await records.write([...keys].reverse().map(key => ({ table: 't', key, value: key })))
      const list = async (prefix: string, options = {}) =>
        (await records.list('t', prefix, options)).map(entry => entry.key)
      expect(await list('')).toEqual(keys)
      expect(await list('a/')).toEqual(['a/', 'a/1', 'a/10', 'a/2', 'a/B', 'a/_', 'a/b', 'a/~'])
      expect(await list('a/', { after: 'a/10', limit: 2 })).toEqual(['a/2', 'a/B'])
      expect(await list('a/', { after: 'a' })).toHaveLength(8)
      expect(await list('a/', { after: 'b' })).toEqual([])
      expect(await list('a/', { limit: 0 })).toEqual([])
      expect(await list('c')).toEqual([])
    })

    it('writes all changes or none', async () => {
      const records = await open()
      const write = records.write([
        { table: 't', key: 'good', value: '1' },
        { table: 't', key: 'not ascii é', value: '1' },
      ])
      await expect(write).rejects.toMatchObject({ code: 'fault' })
      expect(await records.list('t', '')).toEqual([])
    })

    it.each(['', 'x'.repeat(513), 'é', 'a\n'])('refuses the key %j', async key => {
      const records = await open()
      await expect(records.get('t', key)).rejects.toMatchObject({ code: 'fault' })
      await expect(records.write([{ table: 't', key, value: '1' }])).rejects.toMatchObject({ code: 'fault' })
    })

    it('takes writes that are not waited for, each whole, the last one last', async () => {
      const records = await open()
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          records.write([
            { table: 't', key: 'counter', value: `${i}` },
            { table: 't', key: `k${i}`, value: `${i}` },
          ]),
        ),
      )
      expect(await records.get('t', 'counter')).toBe('49')
      expect(await records.list('t', 'k')).toHaveLength(50)
    })
  })
}
