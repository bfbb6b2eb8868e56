import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findTool, findTools } from './find-tools.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paratii-tools-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const put = (name: string): string => {
  const path = join(folder, name)
  writeFileSync(path, '#!/bin/sh\n')
  chmodSync(path, 0o755)
  return path
}
const nothing = () => false

describe('findTools', () => {
  it('finds programs on the PATH, under any of their names', () => {
    const chromium = put('google-chrome')
    const ffmpeg = put('ffmpeg')
    expect(findTools({ PATH: `/nowhere:${folder}` }, nothing)).toEqual({ paths: { chromium, ffmpeg } })
  })

  it('takes what a variable names and looks no further', () => {
    put('ffmpeg')
    const mine = put('my-ffmpeg')
    expect(findTool('ffmpeg', { PATH: folder, FFMPEG_PATH: mine })).toBe(mine)
    expect(findTool('ffmpeg', { PATH: folder, FFMPEG_PATH: join(folder, 'none') })).toBeUndefined()
  })

  it('installs what is missing, and only that', () => {
    put('ffmpeg')
    const asked: string[] = []
    const found = findTools({ PATH: folder }, packages => {
      asked.push(...packages)
      put('chromium')
      return true
    })
    expect(asked).toEqual(['chromium'])
    expect(found).toMatchObject({ paths: { chromium: join(folder, 'chromium') } })
  })

  it('says in one line what to install where it cannot', () => {
    const found = findTools({ PATH: folder, CHROMIUM_PATH: '/none' }, nothing)
    expect(found).toEqual({
      advice:
        'Missing: CHROMIUM_PATH names no program (/none); install ffmpeg (Debian, as root: apt-get install -y ffmpeg) or set FFMPEG_PATH.',
    })
  })

  it('ends with 1 and that line as a program', () => {
    const env = { PATH: folder, CHROMIUM_PATH: '/none', FFMPEG_PATH: '/none' }
    const end = spawnSync(process.execPath, [join(import.meta.dirname, 'find-tools.mjs')], {
      env,
      encoding: 'utf8',
    })
    expect(end.status).toBe(1)
    expect(end.stderr.trim().split('\n')).toHaveLength(1)
  })
})
