namespace Patchbay.Models.Tokenizers;

/// <summary>
/// What the Unicode Character Database (14.0) says of canonical decomposition and combining classes, for
/// <see cref="CanonicalForm"/>: .NET itself normalizes nothing where InvariantGlobalization is on. zlib over variable-length
/// zigzag numbers, six columns, each a count and that many numbers. By decomposing character other than Hangul: 2 x code
/// point + 1 where the pair composes again, first part, second part or 0. By run of characters of one combining class other
/// than 0: first code point, length, class. All but the last two columns hold differences to the number before.
/// </summary>
internal static class CanonicalData
{
    public const string Packed =
        "eNrtOQ1YVEeSXfV6Zh4zb3oej4EgEkIIUY6Yn0VFThMzMcZko8mZn02yWZO4frdZz1OW5Iy62WRvAkgAERCRIFEEDpUgAkEkhIAi" +
        "IiFIENGgQVAkSNCoIBIkypLtNzMgoO59e/fdfffdZ/V0d3VVdVV1Vb833TMp3qFaqoJIHWBHpOHmppxh2hBI9EYYpsnDM8zD45tN" +
        "uZkSDpFAg+jyMURx7Az5VtPHmPAcNS4QuaZy8POiyOMgcq2L7YzFdnfzgYoy93qSFRbYsYU0C7k/qipphA/SKCOZTmrfScXZxxVv" +
        "KRaGrAl0JhXrUYrhFClbJ/HhSTjOB91Cq+DJXRkQKC1WF5dg8DObzVP8uH++T9nQIsH6sshBzgRRomKvK/2/CqL5f0y15y2y+je2" +
        "z9+UVQN6gwhqRxT2X4qAXY2W2XFVkUO1TR3qHXaG7FGkbFgSJZroJNM9Ap33HqVHwSwtFJdKkrhAnEQd+87T1qq7iFaCIywXgVY/" +
        "UnGfeB0kUVT3lL0s8Au6JUuNhhxRLtHbMGKjiNfjwQPmeGv9N3X+r3kfj/bdMmpHivZ8D72NskF8OIa/e2RaaqBit472jk/aZ7Az" +
        "m9HWWQuU2zvhNtwSUrxDgahAKW9EXvWoDiV1JN+SQ/5geZSXGbb2UcsjvDzqKDeh4fBghoOltv84Arf315WokjPUiSr6K8tky+8t" +
        "D/J2sqUOHPw/WMI1uE9jKUPLNF76NPj7IuGQ+ITlF5Zc4JrGWy6os6c56mSHQbU+ztkvW57h9DawPGY5iJZBLe7QWWL16Ou6Ga45" +
        "NUGDYZeBP1OUv7Vn/dbdnT9yvve4GyRRIRFAhHF+gpurRUOEOdMEt0VYBpa5XO1USxXiasGx1smWo4hX0PKCzVvVxWIdmfXYnCSc" +
        "6JPjJGtnIOr1qIj5SOaiRwRKj6Peq5iHei62wmIEK/YA45HuB4RtSLSaBo1Zr9dPXURCAcNglm2QjeX32d4Lz6vfPB8sdUSwBiwH" +
        "cDiSzYiAHwsci9DhAd2oZD1iqQXLl+jAE1fiNyuH8zAkZQt5LncDfxIcKaxfietW2QTqBNRj6HLcvGpEHh+1dAiI+AkdldNHRmyK" +
        "e9y1NIZeUwUqhjI6sALLViDYSskK/OyPQ2uxszetxFN/dGRymJi/Er9d7pgD+JGGk3rp8HinxiHWLZHUZTbSqWXkoh3bvowUqdiV" +
        "ZSQimPf7l5EGO2d9MMkIHiOdF0z22GmXl5FQm3wwaVD7D4NJkp1zLLgzmJAtwSTXPu4KJoNDmJNiMju7uXh7GGWdvn0pjgafMeNF" +
        "Y8bXVE1/CXbSR4d8FUKIq9v8dCn5Tz8FOyupIadDxnmN96zn5DUhxOffnvf5LSF3dr5FyKUQIk31IaI0l5D7J1wylBi+korfOxOs" +
        "d2oK2fnWvdMnTzlr2PQ+7nrrC2MvJIXxY8gqUVik1z5EH2BUuyESqiNhYjo/vNdGAnrYz1K8BkpIX0M/tHC/tk3FY+bmkQdZfiJi" +
        "ROso/5ILnrfkJQBX4JZ0AbdvgJwtECZeWFkWCh1uF3ORbNiI1jZYfwlCTc0+Hc8V+/Z69GkGaK7XxhQokAZYtLTnsaYpsT4tO7HD" +
        "JfX1XM/M+W1vfByGRU9XvpzLdqdA6nux4z7ZCil3bxuX6Za5Mm41tol1tPbJVPernrkuhb7R7jmwzSvi3qtykv7EBugQKuQG976H" +
        "++4//OyFL6HGvfidUvmzoPpx3f90zq+sHxJZW2Cs6RwtD4qnWQsvrcWeImgpgbvS0qGSdbhHPn32vtMZ0OHZHwZRl6E5sFE+90yD" +
        "7tMoqP4IrmTC0Uc/mzP47vY7j75ethWKlKp346dWjDv1p/NxcCgG1k+o+/eo96OfvJACffpy6H619rl4t6q7r47fdQ1SNG3mHteC" +
        "8T1+x30j3r6qNMnBZ/KxcX6b0hgHJ/ZDsdQKhfoE/1rRagx1PSr3OV2c3uV3blKddCYck7FQTArpfaNety8PjtMY1uGdNmvdPekJ" +
        "kO3d7LJNV+mU8+xFbJt0HJufDHfJhDRhYwZWZUHMwkjzzmOw+5dZTlmTMqDw3gbn5Ls6nXunWx/IeDiqHWr3wFex2P5CN2xyLdI0" +
        "uaZpMqUaZdOy0x9j6OOJh2HjRmyenPG4dTWU7YEe7bbxrfcProHP12GtLufu5gl9tFBzVa7wLNblTsi517fxnhzzgVjsW/b5ko4V" +
        "8YbKJxpmdbrFO8U1Q6d7yfzPPbOhXfMfE78WB5fk9cD5w3BlP/xuT0CTHLE4fTUUzDkyLjYDWsaHBoVN7sqGrYFWpVBfGLTj+eTV" +
        "UM7anWazF2NX5i0ZNGSPq3WxukYL7Xd5vJKs7JhccMe6TdhDa6FfE9gEyU4NUAn5unroZ+ZaOUuYVw0lxm14Ejt17S5VGE+Tna7i" +
        "Rd1J5yZ0A1liC7EdQ2GQdor+IW10G9brkpGU6nqUGGzUhBRqlzTrw7HRo5iuWnMKeqJMO8LYd4cglW2EQ7po3YpYzZtV+jiIhATo" +
        "diqADPTeRGOEo4ylYSQ00vOwBmLwN5kYDmnafFgaSUtpFYorquRQiNUWau/KhX4hTdPj/p1rL/RBrCYbl1QKtBF9AnLAJVlbo0ul" +
        "fVguFGCiJlZIMZZgIovXRYN3A33710s1dydDBgxoWsVeWkdLhBi5DjogGp9yX5hrSFSaMyRDxgNdraY+51lp1XKsf0QkbBlkSXC2" +
        "gwY4k/JvdOQSr8T+ZqK2hl9/7Ng/6MzKuWyRmpMRs0XSriFkUMB+Y2WrBpl6eihUn3rAv6yVnJSKg8awL42bwCMWumHmJnjwdEhx" +
        "Ffv2iJF5T6ipMx7Yx5rfnjdQZ/y+zuiRZyg3KEetypGfnT2/XF78jtsr+v3vtK+ggZPc0OefZSXAzL86m5qMVzqkg2/7R540drUY" +
        "Jf98PAjeluVZMCUCvGcRf1/ZK0uzhWbQNcKcb53rxu+l8wLCsA55ELu7jd91GfVefrIVYn40hsO1y8bX3TfDJuxaC57J8bCUJF41" +
        "RvUb/b3cawaMnw4YWYrxtLQvAfasB89M+F3uarYvlFWFsq4PmManBvBMEmz6CF7yf2VtMlRkmtZmmjqTQav1i1+vbE9QOuIZORVu" +
        "LFsDZPdGaPveVFkKXVGyEpcCF1PgTfPseFy7GWZ0bwbrRrYxmYWiSIUFfk+Nd3vdT5ziFg5ZMKcf+lPZ5i3sAzgOgRWQkqYOPodp" +
        "P26Fvizwnzl3QxZU7YDppdns6yyWTVvwVA5074R1ufBk86vaxl99CRmLt1+GgRgQpXddWz9ll0+b2grgLKQIb9bnsbI81gLnhAu7" +
        "oaYIKiAWBrAvj8XlsdVfQEIpxBSxrbvZmlKoLoVXAzHzCxa24uTKYyWseR/7aS/zPAgncf7b/zrfy6NgDzuyl/UJf/6RP2VVoEss" +
        "Z3n72TlN6162MG4v64Cpmqga6KyBNw1Luw9Lew9JpZVs7X6WWs1WVzGPwO46FlfH/Msb2B5hVwPzKTsCPUfg2yNAUhvB398vGloa" +
        "IeE4ZDazrhMsq4Xtb2Yn842bc40ZHeyBZIzbJ7sfPwGD3zN4dsonnQzJS+nNkNkCUS2QBrF18uYu9p4VDp+CiG/kLZdZ5I/spR96" +
        "WTFcaYOMdjDrmwZYIyWXBtmx76ChQ/7qZ6bd3wEFZ+UTg+y7Tog/C07TY6JNByJN+89CzA+wIgLSz0PnNXnmiWuydVAuW2uKjDMd" +
        "jjXVgFv2elMCrF5vit9g6ko0nTxoXL/HVHKZP5Jdl6GjF9alQPsu2XN/PSi7q4zawsAzOVjbDwbfI3thYC9Q8/M56aad6aaQGEiE" +
        "9ViIL7bCh+qPB96F6fwragceSXWO+RnonM4S08HPTfHbTZu3O4tpnzhX0K93OteEobsbtcJjMfhyLqZDBAS2RGBiJFriIrEuCrWR" +
        "xaYtRSZ2OBqj1+Bf6rEjTunGQzXOSkEcpkAJJgnb9pl+2muaVAjF0F1l+qZZuNRpuHNx8w+G9Z2GaihsMgV++o2pBCwlx01bj5tK" +
        "6B7Ez+CqJqjmlKnlW9MPeViZj9ZTpvRYpWQXprdD2xmo7DRlC8dSFfnobjzabcrbqlRvVzb0mMjDKX2m7ZdNLUV4/jMcgMBVp4qx" +
        "skz5wio306vYUo4ze/dh3Vp5xyElpV5JoBG4I07+6gBWVaGemdnT0R/LKd5Wib9z9HT6M4iSiVcnjTpWMSPcksN0hJLZ5BmCRM8L" +
        "ISY+RjKLTCMu/P6DxEJ+yVu0ST3mRJ4mc8k8MpW42lpVWM8F7RTk3KkkkFdn2wR1+nQuzy9TRn6f0hMvjt5J7GAiGuJG7rDduAhR" +
        "r2BB5Em1dyVAbDcw4sl1CDep/pw3mThx157gmJYrIuRDfl8LlT6QeEM+kEIluxFGjNc7ZpKNzAicZbAjCveTOHSqoHM4Y8fsepOM" +
        "fPHq1bHeQIYhHAOmEmK1e1lIH+SjIvwFCRiEQe77xAkNQAI6QO/kn69TJYTVQN0JCbbhPRA76bqmLQvJDL5wT/IGD5Dau/D+13z9" +
        "r3D7L/Bew/sgHtGZfBGUvManzOZS48kj5FXu5cu2WdNsM9UR42FFx+U1yCbzgo1vB7uUM3HnWlVZewSRY2CTQt478dR7EvIcJZog" +
        "HmQTJynEwFtwYFqe0sm8F4Y5jEyxJeRGWcsoumpsjm2uN07kxviN/LXRiO+I9kbufyr/m4n8sHKjbBj8bLBKN6/RRvL3wfuC+kOC" +
        "Rvu+oFNnRxnDjVp1HAVDCqOAe7FSZYcbia3nD6aDsk3CBXZaljTxZwNRzY+aa3enW/o7POqSuHzFbhhDHr4dwg0zxrA+rQByG/6/" +
        "QKeb1sxT64riTdkavrX6dnBeE5BcMaBK4+LRLpBQdq5VQxT1aDuOP6tIWg6w26G8DbeEAY1V8kdRPVWI1E0vyohaDqLtpqReksrp" +
        "Jsr5Wn7GkByXpiGgQzepBJBH/AZEqR6pTy0ofJYW6VMzbYq0qrjWIVKJDM0BerO48M+oXaDXe9lMaVU2l6Oh4MMdaACfRe/5nAT1" +
        "Y0XeyFgLPs3gexWagXq28poG0ykNQSqp/3NYoQ1oFqQZLjJLKbolC2lcXbGA8eBvXqS3/xOi51q9n0V8d5V7NBTwddmWzcR4gXKX" +
        "bKt7emiRGQZKRa0kqkMqDj6YhhWQ6KRyGiHnmKB/MRNy6Lx8DEqC+eXg0SpQqmXaJReFtlIMlxhLNVUJOZjrQZ/n0a1FHBBjtUVq" +
        "IHAJ1xEqvOi1HGPgTSukgLkRsINbBN8Ac6YgPlQN2C/gIFwE7AQe/wgqlWAWTMiEWm0EpdugYDdawerSXICxL1AJPcx6Sz4OBMoT" +
        "ZG0iHdC8V31HJ0gDmhsyS0dk1kN/67w6QB5JVdOKyEQcujyPzSplvBEVrV6LWlGv9xydVP1o1SP2EL8poujgiHbltr8oR7ihV31U" +
        "dYjqmNkUqwvjSVP34NjUoZo5u5dUXaPFces3U5Xkq3V4b5NmXBvqh0yJVE2QOGx62A1uRI83ixLlJ3dbJPQyd0jLfBjVMxSZhAOa" +
        "WqFeKOY1n7eJjsq3ZK3QymvxiFpvaxuEo45aO4JXOkqyVKjmrdnN3cPTy9vHd4Kf/6QHHgpQeb61wsMzLYFB03k7a/ZI/XOG1A0R" +
        "nhpt/VZ1JFZ7U/r1yu1eHzLles8UtfBPFhQBRxSlDpRGOA9KLxQLaskXQjEcI3kNx1rBNpUp6nQuW8uXWzpsRBlpcaT9IYOqrVp7" +
        "iNWKxWM8Pyrk2NKgRryaY4W2qA+L2z62ZsRsrrqQC9dzP8oFeSgWNt+KVYO1I2KkKFPGumfTo9w6cGpEmN1zhTGHvmGK/WMLm9py" +
        "zyTMF7DStqVG5mZksUXkrzercfo=";
}
