import { describe, expect, it } from 'vitest'
import { judgePress, type Press } from './press.ts'

const fair: Press = { isTop: false, seenForMs: 500, pointerForMs: 300, width: 640, height: 360 }

describe('a press of the button that costs money', () => {
  it('is a yes when the offer was seen and the pointer meant it', () => {
    expect(judgePress(fair)).toBe('agreed')
    expect(judgePress({ ...fair, pointerForMs: undefined })).toBe('agreed')
  })

  it.each([
    ['covered', { seenForMs: undefined }],
    ['too narrow', { width: 239 }],
    ['too low', { height: 134 }],
  ])('is none in a frame that is %s, and sends the viewer to a page of ours', (_, change) => {
    expect(judgePress({ ...fair, ...change })).toBe('covered')
  })

  it.each([
    ['the frame has just come into sight', { seenForMs: 499 }],
    ['the frame has just slid under the pointer', { pointerForMs: 299 }],
  ])('has to be made again when %s', (_, change) => {
    expect(judgePress({ ...fair, ...change })).toBe('again')
  })

  it('is always a yes on a page of our own', () => {
    expect(judgePress({ isTop: true, seenForMs: undefined, pointerForMs: 0, width: 1, height: 1 })).toBe(
      'agreed',
    )
  })
})
