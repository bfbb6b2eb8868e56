import { type ReactElement, useState } from 'react'
import { randomSystem } from '#adapters/random-system.ts'
import { Field } from '#ui/field.tsx'
import { text } from '#ui/texts.ts'
import type { Phrase } from '#wallet/phrase.ts'
import { StepFrame } from './step-frame.tsx'

type ConfirmProps = { readonly phrase: Phrase; readonly back: () => void; readonly next: () => void }

const askedWords = 3

/** Asks for three words, so that nobody goes on with a phrase that was only looked at. */
export function ConfirmStep({ phrase, back, next }: ConfirmProps): ReactElement {
  const words = phrase.split(' ')
  const [places] = useState(() => pickPlaces(words.length))
  const [typed, setTyped] = useState<Record<number, string>>({})
  const [tried, setTried] = useState(false)
  const isRight = (place: number): boolean => typed[place]?.trim().toLowerCase() === words[place]
  return (
    <StepFrame
      title={text('confirmTitle')}
      lead={text('confirmLead')}
      action={text('continue')}
      back={back}
      next={() => (places.every(isRight) ? next() : setTried(true))}
    >
      {places.map(place => (
        <Field
          key={place}
          label={text('wordNumber', String(place + 1))}
          value={typed[place] ?? ''}
          onText={word => setTyped({ ...typed, [place]: word })}
          wrong={tried && !isRight(place) ? text('wordWrong') : undefined}
          autoComplete="off"
          spellCheck={false}
        />
      ))}
    </StepFrame>
  )
}

/** Different places in ascending order. */
function pickPlaces(count: number): readonly number[] {
  const places = Array.from({ length: count }, (_, place) => place)
  const dice = randomSystem.bytes(count)
  return places
    .sort((one, two) => (dice[one] ?? 0) - (dice[two] ?? 0))
    .slice(0, askedWords)
    .sort((one, two) => one - two)
}
