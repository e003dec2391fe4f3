"""Names for the arrays that everything passes around."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
