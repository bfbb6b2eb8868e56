import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isErrorCode } from '#std/error.ts'

const readMessages = async (locale: string): Promise<Record<string, { message: string }>> =>
  JSON.parse(await readFile(`assets/_locales/${locale}/messages.json`, 'utf8'))

async function readSources(): Promise<string> {
  const rooms = ['bridge', 'extension', 'player', 'popup', 'tabs', 'ui']
  const paths = (
    await Promise.all(
      rooms.map(async room =>
        (await readdir(join('src', room), { recursive: true })).map(path => join('src', room, path)),
      ),
    )
  ).flat()
  const sources = paths.filter(path => /\.tsx?$/.test(path) && !path.includes('.test.'))
  return (await Promise.all([...sources, 'plasmo.config.ts'].map(path => readFile(path, 'utf8')))).join('\n')
}

describe('the texts', () => {
  it('are all used: by name, or for a code of the registry', async () => {
    const sources = await readSources()
    const unused = Object.keys(await readMessages('en')).filter(key => {
      const forCode = /^(?:failed|do|error)_(.+)$/.exec(key)?.[1]
      return forCode === undefined
        ? !new RegExp(`['"]${key}['"]|__MSG_${key}__`).test(sources)
        : !isErrorCode(forCode.replaceAll('_', '-'))
    })
    expect(unused).toEqual([])
  })

  it('are the same in every language, with the same places to fill', async () => {
    const english = await readMessages('en')
    const placesOf = (text: string) => [...text.matchAll(/\$\d/g)].map(String).sort()
    for (const locale of await readdir('assets/_locales')) {
      const messages = await readMessages(locale)
      expect(Object.keys(messages).sort()).toEqual(Object.keys(english).sort())
      for (const [key, { message }] of Object.entries(messages))
        expect([key, placesOf(message)]).toEqual([key, placesOf(english[key]?.message ?? '')])
    }
  })
})
