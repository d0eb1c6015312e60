/** Words for lines of text when no text is given: common ones, and such as old records are full of. */
export const usualWords: readonly string[] = `
the of and to in that it was for on with as his they at be this from had by not but what all were when we there an your
which their said if will each about how up out them then she many some these so other into has more her two him see time
could no make than first been its who now people my made over did down only way find use may water long little very after
words called just where most know get through back much before go good new write our used me man too any day same right
look think also around another came come work three word must because does part even place well such here take why things
help put years different away again off went old number great tell men say small every found still between name should home
big give air line set own under read last never us left end along while might next sound below saw something thought both
few those always looked show large often together asked house world going want school important until form food keep
children feet land side without boy once animals life enough took sometimes four head above kind began almost live page got
earth need far hand high year mother light parts country father let night following picture being study second eyes soon
times story boys since white days ever paper hard near sentence better best across during today others however sure means
knew try told young miles sun ways thing whole hear example heard several change answer room sea against top turned learn
point city play toward five using himself usually money seen car morning body upon family later turn move face door cut
done group true half red fish plants living wanted black short united run book gave order open ground cold really table
remember tree course front space inside ago sad early learned parish baptism marriage burial witness notary widow servant
farmer miller weaver tailor cooper smith sailor merchant captain vessel harbour cargo barrels invoice receipt account ledger
balance interest tithe harvest wheat barley oats cattle horses meadow orchard garden village church steeple chapel bishop
magistrate council petition charter deed estate heir testament signed sealed delivered dated January February March April
May June July August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday Anna Maria
Elisabeth Catharina Margaretha Johanna Sophia Willem Jacob Pieter Cornelis Hendrik Thomas George Charles Edward
`
  .trim()
  .split(/\s+/);
