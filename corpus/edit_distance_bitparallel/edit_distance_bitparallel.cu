#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#include <type_traits>
#include <cuda_runtime.h>

// Levenshtein distance of one pattern to many words (a spelling dictionary), by Myers' bit-parallel algorithm: a whole
// column of the matrix sits in one machine word, differences between neighbours as two bit vectors.

#define ALPHABET 26
#define CHK(e) if ((e) != cudaSuccess) { printf("%d: %s\n", __LINE__, cudaGetErrorString(e)); return 2; }

__constant__ unsigned long long c_peq[ALPHABET];   // bit i: pattern[i] is this letter

template<typename Word>
__device__ int myers(const char* word, int length, int m)
{
   Word pv = ~Word(0), mv = 0;
   const Word top = Word(1) << (m - 1);
   int score = m;
   for (int j = 0; j < length; ++j)
   {
      const Word eq = static_cast<Word>(c_peq[word[j] - 'a']);
      const Word xv = eq | mv;
      const Word xh = (((eq & pv) + pv) ^ pv) | eq;
      Word ph = mv | ~(xh | pv);
      Word mh = pv & xh;
      score += (ph & top) ? 1 : 0;
      score -= (mh & top) ? 1 : 0;
      ph = (ph << 1) | 1;
      mh <<= 1;
      pv = mh | ~(xv | ph);
      mv = ph & xv;
   }
   return score;
}

// words are kept in columns: letter j of word w is at letters[j * count + w], zero after the end
template<typename Word>
__global__ void distances(const char* letters, int count, int width, int m, int* result)
{
   int w = blockIdx.x * blockDim.x + threadIdx.x;
   if (w >= count) return;
   char local[32];
   int length = 0;
   for (; length < width; ++length)
   {
      char c = letters[length * count + w];
      if (c == '\0') break;
      local[length] = c;
   }
   result[w] = myers<Word>(local, length, m);
}

// The best words come first: a stable rank by counting, quadratic but short.
__global__ void rank(const int* distance, int count, int* order)
{
   int w = blockIdx.x * blockDim.x + threadIdx.x;
   if (w >= count) return;
   int mine = distance[w], position = 0;
   for (int other = 0; other < count; ++other)
      position += distance[other] < mine || (distance[other] == mine && other < w);
   order[position] = w;
}

static int editDistance(const std::string& a, const std::string& b)
{
   std::vector<int> row(b.size() + 1);
   for (size_t j = 0; j <= b.size(); ++j) row[j] = (int)j;
   for (size_t i = 1; i <= a.size(); ++i)
   {
      int diagonal = row[0];
      row[0] = (int)i;
      for (size_t j = 1; j <= b.size(); ++j)
      {
         int best = diagonal + (a[i - 1] != b[j - 1]);
         if (row[j] + 1 < best) best = row[j] + 1;
         if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
         diagonal = row[j];
         row[j] = best;
      }
   }
   return row[b.size()];
}

int main(int argc, char** argv)
{
   const int count = argc > 1 ? atoi(argv[1]) : 500, width = 24;
   const char* syllables[] = { "ka", "tor", "mi", "ves", "lo", "dra", "ne", "st", "qui", "bel", "o", "fur", "gan" };
   std::vector<std::string> words;
   for (int w = 0; w < count; ++w)
   {
      std::string s;
      for (unsigned h = w * 40503u + 7u, k = 0; k < 2u + w % 5u; ++k, h = h * 2654435761u + 1u)
         s += syllables[(h >> 11) % 13];
      words.push_back(s.substr(0, width - 1));
   }
   std::vector<char> letters((size_t)width * count, 0);
   for (int w = 0; w < count; ++w)
      for (size_t j = 0; j < words[w].size(); ++j) letters[j * count + w] = words[w][j];

   char* dLetters;
   int *dResult, *dOrder;
   CHK(cudaMalloc(&dLetters, letters.size()));
   CHK(cudaMalloc(&dResult, count * sizeof(int)));
   CHK(cudaMalloc(&dOrder, count * sizeof(int)));
   CHK(cudaMemcpy(dLetters, &letters[0], letters.size(), cudaMemcpyHostToDevice));

   int wrong = 0;
   const std::string patterns[] = { "kamitorlo", "quistganfurbelodranekavesmitorloquiganes", "x" };
   for (const std::string& pattern : patterns)
   {
      unsigned long long peq[ALPHABET] = { 0 };
      for (size_t i = 0; i < pattern.size(); ++i) peq[pattern[i] - 'a'] |= 1ull << i;
      CHK(cudaMemcpyToSymbol(c_peq, peq, sizeof(peq), 0, cudaMemcpyHostToDevice));
      const int m = (int)pattern.size(), threads = 128, blocks = count / threads + (count % threads != 0);
      if (m <= 32)
         distances<unsigned int><<<blocks, threads>>>(dLetters, count, width, m, dResult);
      else
         distances<unsigned long long><<<blocks, threads>>>(dLetters, count, width, m, dResult);
      rank<<<blocks, threads>>>(dResult, count, dOrder);

      std::vector<int> result(count), order(count);
      CHK(cudaMemcpy(&result[0], dResult, count * sizeof(int), cudaMemcpyDeviceToHost));
      CHK(cudaMemcpy(&order[0], dOrder, count * sizeof(int), cudaMemcpyDeviceToHost));
      for (int w = 0; w < count; ++w)
      {
         wrong += result[w] != editDistance(pattern, words[w]);
         if (w > 0)
            wrong += result[order[w - 1]] > result[order[w]] || (result[order[w - 1]] == result[order[w]] && order[w - 1] >= order[w]);
      }
      printf("%s: nearest is %s at %d\n", pattern.c_str(), words[order[0]].c_str(), result[order[0]]);
   }
   printf("%s\n", wrong ? "FAIL" : "PASS");
   cudaFree(dLetters); cudaFree(dResult); cudaFree(dOrder);
   return wrong ? 1 : 0;
}
