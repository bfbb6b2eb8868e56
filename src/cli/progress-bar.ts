import { encodeJsonLine } from './context.ts'
import type { Terminal } from './terminal.ts'

/** A step of a long operation. `share`: of the whole time, so that one bar runs evenly across all steps. */
export type Step<Name extends string> = { readonly name: Name; readonly share: number; readonly text: string }

export type ProgressBar<Name extends string> = {
  /** `done`: 0 to 1 of this step; all earlier steps are done then. */
  readonly report: (name: Name, done: number) => void
  /** Takes the bar away, so that what is printed next stands on a line of its own. */
  readonly end: () => void
}

const barColumns = 30
const jsonEveryShare = 0.01

/**
 * Progress across the steps of one operation: a bar that is drawn over where a person watches, a line a percent as JSON,
 * a line a step elsewhere.
 */
export const createProgressBar = <Name extends string>(
  terminal: Terminal,
  json: boolean,
  steps: readonly Step<Name>[],
): ProgressBar<Name> => {
  let shown = -1
  let shownName: Name | undefined
  const whole = steps.reduce((sum, step) => sum + step.share, 0)
  const isDrawn = !json && terminal.columns !== undefined

  const draw = (step: Step<Name>, total: number) => {
    const filled = Math.round(total * barColumns)
    const bar = `${'#'.repeat(filled)}${'-'.repeat(barColumns - filled)}`
    const line = `[${bar}] ${`${Math.floor(total * 100)}`.padStart(3)} %  ${step.text}`
    terminal.err(`\r\x1b[2K${line.slice(0, (terminal.columns ?? 80) - 1)}`)
  }

  return {
    report: (name, done) => {
      const at = steps.findIndex(step => step.name === name)
      const step = steps[at]
      if (step === undefined) return
      const before = steps.slice(0, at).reduce((sum, earlier) => sum + earlier.share, 0)
      const total = (before + step.share * Math.min(1, Math.max(0, done))) / whole
      const isNewStep = name !== shownName
      if (!isNewStep && total < shown + jsonEveryShare && total < 1) return
      shown = total
      shownName = name
      if (isDrawn) draw(step, total)
      else if (json)
        terminal.out(`${encodeJsonLine({ step: name, done: Math.round(total * 1000) / 1000 })}\n`)
      else if (isNewStep) terminal.err(`${step.text}\n`)
    },
    end: () => {
      if (isDrawn && shown >= 0) terminal.err('\r\x1b[2K')
    },
  }
}
