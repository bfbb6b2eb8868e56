import { type ReactElement, useState } from 'react'
import { randomSystem } from '#adapters/random-system.ts'
import { Button } from '#ui/button.tsx'
import { Notice } from '#ui/notice.tsx'
import { text } from '#ui/texts.ts'
import { createPhrase, type Phrase } from '#wallet/phrase.ts'
import { PhraseWords } from './phrase-words.tsx'
import { StepFrame } from './step-frame.tsx'

type PhraseProps = {
  readonly back: () => void
  readonly next: (phrase: Phrase) => void
  /** Goes on without; the popup reminds of it until it is done. */
  readonly later: (phrase: Phrase) => void
}

/** Makes a phrase in this page and shows it when asked to: somebody may be looking over a shoulder. */
export function PhraseStep({ back, next, later }: PhraseProps): ReactElement {
  const [phrase] = useState(() => createPhrase(randomSystem))
  const [revealed, setRevealed] = useState(false)
  return (
    <StepFrame
      title={text('phraseTitle')}
      lead={text('phraseLead')}
      action={text('phraseWritten')}
      ready={revealed}
      back={back}
      next={() => next(phrase)}
    >
      {revealed ? (
        <PhraseWords phrase={phrase} />
      ) : (
        <div className="phrase hidden">
          <Button onClick={() => setRevealed(true)}>{text('phraseReveal')}</Button>
        </div>
      )}
      <Notice>{text('phraseWarning')}</Notice>
      <Button kind="plain" onClick={() => later(phrase)}>
        {text('phraseLater')}
      </Button>
    </StepFrame>
  )
}
